import { EventEmitter } from "node:events";
import t from "tap";
import { ExitSignals } from "../../src/cli/exit-signals.ts";
import type { ExitSignal, SignalSource } from "../../src/cli/exit-signals.ts";

/** A process that notes what is done to it. */
class FakeProcess extends EventEmitter implements SignalSource {
  readonly pid: number;
  readonly done: string[] = [];

  constructor(pid: number) {
    super();
    this.pid = pid;
  }

  kill(pid: number, signal: ExitSignal): void {
    this.done.push(`kill ${pid} ${signal}`);
  }

  exit(code: number): void {
    this.done.push(`exit ${code}`);
  }
}

t.test("ExitSignals waits for the first signal, and raises it with its usual effect", async (t) => {
  const source = new FakeProcess(7);
  const signals = new ExitSignals(source, () => t.fail("there is no second one"));
  source.emit("SIGTERM");
  t.equal(await signals.first, "SIGTERM");
  t.same(source.done, []);
  signals.raise("SIGTERM");
  t.same(source.done, ["kill 7 SIGTERM"]);
  t.same([source.listenerCount("SIGTERM"), source.listenerCount("SIGINT")], [0, 0]);
});

t.test("ExitSignals takes a signal right after the first for the same one", async (t) => {
  let nowMs = 0;
  const source = new FakeProcess(7);
  const flushed: string[] = [];
  const signals = new ExitSignals(
    source,
    () => flushed.push("flushed"),
    () => nowMs,
  );
  source.emit("SIGINT");
  nowMs = 500;
  source.emit("SIGINT");
  t.same(source.done, []);
  nowMs = 501;
  source.emit("SIGTERM");
  t.same(source.done, ["kill 7 SIGTERM"], "a later one is final");
  t.same(flushed, ["flushed"]);
  t.equal(await signals.first, "SIGINT");
});

t.test("ExitSignals of the first process of a container exits with 0", (t) => {
  const source = new FakeProcess(1);
  new ExitSignals(source, () => undefined).raise("SIGINT");
  t.same(source.done, ["exit 0"]);
  t.end();
});
