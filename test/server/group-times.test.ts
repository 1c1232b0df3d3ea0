import t from "tap";
import { Figures } from "../../src/server/figures.ts";
import { GroupTimes } from "../../src/server/group-times.ts";

t.test("GroupTimes shares a run's time among its commands", async (t) => {
  let nowMs = 0;
  const figures = new Figures({ nowMs: () => nowMs, after: () => () => undefined });
  const times = new GroupTimes(figures);
  const apply = (type: "put" | "txn", ms: number, succeeded = true): void => {
    nowMs += ms;
    times.applied(type, succeeded);
  };
  nowMs = 100;
  times.begin(90, nowMs);
  apply("put", 2);
  apply("put", 0, false);
  // The clock is looked at when the first of another kind was applied.
  times.end();
  apply("txn", 8);
  times.end();
  const { applies, requests } = figures;
  t.equal(applies.of("Put").succeeded.sum, 0.001);
  t.equal(applies.of("Put").failed.sum, 0.001);
  t.equal(applies.of("Txn").succeeded.sum, 0.008);
  t.equal(requests.byKind.size, 0, "not answered yet");
  nowMs = 200;
  times.answered({ startMs: 150, writtenMs: 190 });
  t.same([figures.walFsync.sum, figures.backendCommit.sum], [0.04, 0.05]);
  t.same([requests.of("Put").succeeded.sum, requests.of("Put").failed.count], [0.11, 1]);
  t.equal(requests.of("Txn").succeeded.sum, 0.11);
});

t.test("GroupTimes ends a run after sixteen commands", async (t) => {
  let reads = 0;
  const figures = new Figures({
    nowMs: () => {
      reads++;
      return reads;
    },
    after: () => () => undefined,
  });
  const times = new GroupTimes(figures);
  times.begin(0, 0);
  for (let index = 0; index < 160; index++) times.applied("put", true);
  times.end();
  t.equal(reads, 10);
  t.equal(figures.applies.of("Put").succeeded.count, 160);
});

t.test("GroupTimes says nothing of steps that etcd does without a proposal", async (t) => {
  const figures = new Figures({ nowMs: () => 0, after: () => () => undefined });
  const times = new GroupTimes(figures);
  times.begin(0, 0);
  times.applied("compactStep", true);
  times.end();
  times.answered();
  t.equal(figures.walFsync.count, 0, "nothing was written");
  t.same([figures.applies.byKind.size, figures.requests.byKind.size], [0, 0]);
});
