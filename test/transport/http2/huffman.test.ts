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

void t.test("The code leaves nothing out, and every code is of the RFC's length", (t) => {
  // Source: RFC 7541, appendix B: how many codes there are of each length; the end of a string is
  // one more of thirty bits.
  const expected =
    "5:10 6:26 7:32 8:6 10:5 11:3 12:2 13:6 14:2 15:3 19:3 20:8 21:13 22:26 23:29 24:12 25:4 26:15 27:19 28:29 30:3";
  const counts = new Map<number, number>();
  let share = 2 ** -30;
  for (let symbol = 0; symbol < 256; symbol++) {
    // Eight of a character are as many bytes as its code has bits.
    const bits = huffmanLength(String.fromCharCode(symbol).repeat(8));
    counts.set(bits, (counts.get(bits) ?? 0) + 1);
    share += 2 ** -bits;
  }
  t.equal(share, 1);
  const all = [...counts].toSorted(([one], [other]) => one - other);
  t.equal(all.map(([bits, count]) => `${bits}:${count}`).join(" "), expected);
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
