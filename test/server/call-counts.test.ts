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
    t.same([started, received, sent, Math.max(...handled)], [0, 0, 0, 0]);
  }
});

t.test("CallCounts counts ends by their status", async (t) => {
  const counts = new CallCounts();
  counts.ended("put", STATUS.ok);
  counts.ended("put", STATUS.ok);
  counts.ended("put", STATUS.notFound);
  t.same(
    [STATUS.ok, STATUS.notFound, STATUS.internal].map((code) => counts.of("put").handled[code]),
    [2, 1, 0],
  );
  t.notOk(counts.of("range").handled.some((count) => count > 0));
});

t.test("CallCounts knows how many calls are open", async (t) => {
  const counts = new CallCounts();
  counts.of("watch").started = 3;
  counts.ended("watch", STATUS.canceled);
  t.equal(counts.openCount("watch"), 2);
});

t.test("CallCounts counts an answer's bytes", async (t) => {
  const counts = new CallCounts();
  counts.answered("put", new Uint8Array(7));
  counts.answered("range", new Uint8Array(5));
  t.equal(counts.sentBytes, 12);
});

t.test("CallCounts tells clients apart by their version, but not without end", async (t) => {
  const counts = new CallCounts();
  counts.came("unary");
  counts.came("unary", "3.7");
  counts.came("stream", "3.7");
  counts.came("unary", "3.7");
  t.same(counts.clients.get("unknown"), { unary: 1, stream: 0 });
  t.same(counts.clients.get("3.7"), { unary: 2, stream: 1 });
  for (let index = 0; index < 1000; index++) counts.came("unary", `v${String(index)}`);
  t.equal(counts.clients.size, 100);
  t.equal(counts.clients.get("unknown")?.unary, 1 + 1000 - 98);
});
