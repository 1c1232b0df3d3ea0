import fc from "fast-check";
import t from "tap";
import { HpackError } from "../../../src/transport/http2/hpack-error.ts";
import {
  decodeHuffman,
  encodeHuffman,
  huffmanLength,
} from "../../../src/transport/http2/huffman.ts";

function encode(text: string): Buffer {
  const target = Buffer.alloc(huffmanLength(text) + 1);
  return target.subarray(0, encodeHuffman(text, target, 0));
}

function decode(bytes: Uint8Array): string {
  const target = Buffer.alloc(bytes.length * 2);
  return target.toString("latin1", 0, decodeHuffman(bytes, 0, bytes.length, target));
}

void t.test("encodeHuffman() makes the bytes of the RFC's examples", (t) => {
  // Source: RFC 7541, appendix C.4 and C.6.
  t.equal(encode("www.example.com").toString("hex"), "f1e3c2e5f23a6ba0ab90f4ff");
  t.equal(encode("no-cache").toString("hex"), "a8eb10649cbf");
  t.equal(
    encode("Mon, 21 Oct 2013 20:13:21 GMT").toString("hex"),
    "d07abe941054d444a8200595040b8166e082a62d1bff",
  );
  t.end();
});

void t.test("decodeHuffman() undoes encodeHuffman() for all bytes", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      const encoded = encode(text);
      return encoded.length === huffmanLength(text) && decode(encoded) === text;
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

void t.test("decodeHuffman() takes what encodes to the same bytes, and refuses all else", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
      try {
        return encode(decode(bytes)).equals(bytes);
      } catch (error) {
        return error instanceof HpackError;
      }
    }),
    { numRuns: 5000 },
  );
  t.pass();
  t.end();
});

void t.test("decodeHuffman() refuses bad padding and an end within", (t) => {
  // "0" is five zeros; then padding that is not ones, or is eight ones too many.
  t.throws(() => decode(Buffer.from([0x00])), HpackError);
  t.throws(() => decode(Buffer.from([0x07, 0xff])), HpackError);
  t.equal(decode(Buffer.from([0x07])), "0");
  t.throws(() => decode(Buffer.from([0xff, 0xff, 0xff, 0xff])), HpackError);
  t.end();
});
