import fc from "fast-check";
import t from "tap";
import { HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";

const LIMITS = { tableBytesMax: 4096, listBytesMax: 1 << 24 };

const field = fc.record({
  name: fc.oneof(
    fc.constantFrom("content-type", ":status", "grpc-status"),
    fc.stringMatching(/^[a-z]{1,9}$/u),
  ),
  value: fc.oneof(
    fc.constantFrom("200", "application/grpc", "0", ""),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  ),
  isCommon: fc.boolean(),
});

void t.test("HpackEncoder makes blocks that decode to the same fields, whatever the table", (t) => {
  const step = fc.record({
    fields: fc.array(field, { maxLength: 8 }),
    tableBytes: fc.option(fc.constantFrom(0, 50, 100, 300, 4096, 100_000), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const encoder = new HpackEncoder(4096);
      const decoder = new HpackDecoder(LIMITS);
      for (const { fields, tableBytes } of steps) {
        if (tableBytes !== undefined) encoder.allowTableBytes(tableBytes);
        const block = encoder.encode(fields);
        const decoded: HeaderField[] = [];
        decoder.decode(block, 0, block.length, decoded);
        const same = decoded.every(
          ({ name, value }, index) => name === fields[index]?.name && value === fields[index].value,
        );
        if (decoded.length !== fields.length || !same) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

void t.test("HpackEncoder comes to rest: common fields are a byte each, the version stays", (t) => {
  const encoder = new HpackEncoder(4096);
  const fields = [
    { name: ":status", value: "200" },
    { name: "content-type", value: "application/grpc", isCommon: true },
  ];
  encoder.encode(fields);
  const { version } = encoder;
  t.equal(encoder.encode(fields).toString("hex"), "88be");
  t.equal(encoder.version, version);
  t.end();
});

void t.test("HpackEncoder tells a smaller table at the beginning of the next block, once", (t) => {
  const encoder = new HpackEncoder(4096);
  encoder.allowTableBytes(10);
  encoder.allowTableBytes(1000);
  t.equal(encoder.version, -1);
  t.equal(encoder.encode([{ name: ":status", value: "200" }]).toString("hex"), "2a3fc90788");
  t.equal(encoder.encode([{ name: ":status", value: "200" }]).toString("hex"), "88");
  t.end();
});
