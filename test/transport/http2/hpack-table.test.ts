import fc from "fast-check";
import t from "tap";
import { fieldOf } from "../../../src/transport/http2/header-field.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";
import { HpackError } from "../../../src/transport/http2/hpack-error.ts";
import {
  DynamicTable,
  STATIC_COUNT,
  staticIndex,
  staticNameIndex,
} from "../../../src/transport/http2/hpack-table.ts";

void t.test("DynamicTable holds what an array would", (t) => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ maxLength: 80 }) }),
    fc.record({ resize: fc.integer({ min: 0, max: 2000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new DynamicTable(1000);
      let model: HeaderField[] = [];
      let bytesMax = 1000;
      for (const one of steps) {
        if ("add" in one) {
          const field = fieldOf("name", one.add);
          table.add(field);
          model.unshift(field);
        } else {
          bytesMax = one.resize;
          table.resize(bytesMax);
        }
        let bytes = 0;
        model = model.filter(({ size }) => (bytes += size) <= bytesMax);
        const same = model.every((field, age) => table.at(STATIC_COUNT + 1 + age) === field);
        if (!same || table.count !== model.length) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.throws(() => new DynamicTable(100).at(STATIC_COUNT + 1), HpackError);
  t.end();
});

void t.test("staticIndex() and staticNameIndex() find the first of a name", (t) => {
  t.equal(STATIC_COUNT, 61);
  t.equal(staticIndex(":method", "POST"), 3);
  t.equal(staticIndex(":method", "PUT"), 0);
  t.equal(staticNameIndex(":method"), 2);
  t.equal(staticNameIndex("www-authenticate"), 61);
  t.equal(staticNameIndex("grpc-status"), 0);
  t.end();
});
