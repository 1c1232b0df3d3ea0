import t from "tap";
import { CallCounts } from "../../src/server/call-counts.ts";
import { STATUS, STREAM_METHODS, UNARY_METHODS } from "../../src/wire/index.ts";

t.test("CallCounts begins with every method at zero", async (t) => {
  const all = new CallCounts().all();
  const methods = [...Object.keys(UNARY_METHODS), ...Object.keys(STREAM_METHODS)];
  t.same(
    all.map(([method]) => method),
    methods,
  );
  for (const [, { started, received, sent, handled }] of all) {
    t.same([started, received, sent, handled.size], [0, 0, 0, 0]);
  }
});

t.test("CallCounts counts ends by their status", async (t) => {
  const counts = new CallCounts();
  counts.ended("put", STATUS.ok);
  counts.ended("put", STATUS.ok);
  counts.ended("put", STATUS.notFound);
  t.same(
    [...counts.of("put").handled],
    [
      [STATUS.ok, 2],
      [STATUS.notFound, 1],
    ],
  );
  t.equal(counts.of("range").handled.size, 0);
});
