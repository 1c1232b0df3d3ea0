import fc from "fast-check";
import t from "tap";
import { HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import { HpackError } from "../../../src/transport/http2/hpack-error.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";

const LIMITS = { tableBytesMax: 4096, listBytesMax: 65_536 };

function decode(decoder: HpackDecoder, hex: string): string[] {
  const source = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const fields: HeaderField[] = [];
  decoder.decode(source, 0, source.length, fields);
  return fields.map(({ name, value }) => `${name}: ${value}`);
}

const FIRST = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const SECOND = [...FIRST, "cache-control: no-cache"];
const THIRD = [
  ":method: GET",
  ":scheme: https",
  ":path: /index.html",
  ":authority: www.example.com",
  "custom-key: custom-value",
];

void t.test("HpackDecoder decodes the RFC's requests", (t) => {
  // Source: RFC 7541, appendix C.3 and C.4.
  const plain = new HpackDecoder(LIMITS);
  t.same(decode(plain, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"), FIRST);
  t.same(decode(plain, "8286 84be 5808 6e6f 2d63 6163 6865"), SECOND);
  t.same(
    decode(plain, "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"),
    THIRD,
  );
  const huffman = new HpackDecoder(LIMITS);
  t.same(decode(huffman, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"), FIRST);
  t.same(decode(huffman, "8286 84be 5886 a8eb 1064 9cbf"), SECOND);
  t.same(decode(huffman, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"), THIRD);
  t.end();
});

void t.test("HpackDecoder evicts as in the RFC's responses", (t) => {
  // Source: RFC 7541, appendix C.6.
  const decoder = new HpackDecoder({ ...LIMITS, tableBytesMax: 256 });
  const date = (second: number): string => `date: Mon, 21 Oct 2013 20:13:2${second} GMT`;
  const location = "location: https://www.example.com";
  t.same(
    decode(
      decoder,
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
    ),
    [":status: 302", "cache-control: private", date(1), location],
  );
  t.same(decode(decoder, "4883 640e ffc1 c0bf"), [
    ":status: 307",
    "cache-control: private",
    date(1),
    location,
  ]);
  t.same(
    decode(
      decoder,
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ),
    [
      ":status: 200",
      "cache-control: private",
      date(2),
      location,
      "content-encoding: gzip",
      "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ],
  );
  t.end();
});

void t.test("HpackDecoder refuses what no encoder makes", (t) => {
  for (const [hex, why] of [
    ["80", "index 0"],
    ["be", "an index beyond the table"],
    ["ff ff ff ff ff 0f", "a huge index"],
    ["3f e2 1f", "a table larger than allowed"],
    ["82 20", "a size update after a field"],
    ["40 05 61", "a string beyond the block"],
    ["40", "a literal without a name"],
    ["00 01 61", "a literal without a value"],
  ] as const) {
    t.throws(() => decode(new HpackDecoder(LIMITS), hex), HpackError, why);
  }
  t.end();
});

void t.test("HpackDecoder counts a list that is too large, and stays right", (t) => {
  const decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 100 });
  const value = "v".repeat(60);
  const literal = Buffer.concat([Buffer.from([0x40, 1, 0x61, 60]), Buffer.from(value)]);
  const source = Buffer.concat([literal, Buffer.alloc(1000, 0xbe)]);
  const fields: HeaderField[] = [];
  t.equal(decoder.decode(source, 0, source.length, fields), 1001 * 93);
  t.equal(fields.length, 1);
  t.same(decode(decoder, "be"), [`a: ${value}`]);
  t.end();
});

void t.test("HpackDecoder either decodes or refuses any bytes", (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (blocks) => {
      const decoder = new HpackDecoder(LIMITS);
      try {
        for (const block of blocks) decoder.decode(Buffer.from(block), 0, block.length, []);
      } catch (error) {
        return error instanceof HpackError;
      }
      return true;
    }),
    { numRuns: 3000 },
  );
  t.pass();
  t.end();
});
