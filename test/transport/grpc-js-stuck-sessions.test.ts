import type { ServerHttp2Session } from "node:http2";
import t from "tap";
import { StuckSessions } from "../../src/transport/grpc-js-stuck-sessions.ts";

/** As much of a session as is looked at. */
class FakeSession {
  readonly socket = { bytesRead: 0 };
  readonly state = { outboundQueueSize: 0 };
  readonly #onPing: (session: FakeSession) => void;
  destroyed = false;
  pingCount = 0;
  #close: () => void = () => undefined;

  constructor(onPing: (session: FakeSession) => void) {
    this.#onPing = onPing;
  }

  once(_name: "close", listener: () => void): void {
    this.#close = listener;
  }

  ping(): void {
    this.pingCount += 1;
    this.#onPing(this);
  }

  destroy(): void {
    this.destroyed = true;
    this.#close();
  }
}

void t.test("StuckSessions destroys what does not send, and nothing else", async (t) => {
  const sessions = new StuckSessions({ sweepIntervalMs: 1 });
  t.teardown(() => sessions.close());
  const stuck = new FakeSession(({ state }) => (state.outboundQueueSize += 1));
  const answering = new FakeSession(({ socket }) => (socket.bytesRead += 17));
  // It sends, but the client is asleep: not for us to judge.
  const silent = new FakeSession(() => undefined);
  const destroyed = new Promise<void>((resolve) => {
    stuck.destroy = () => {
      stuck.destroyed = true;
      resolve();
    };
  });
  // What is looked at is all there.
  for (const session of [answering, silent, stuck]) {
    sessions.add(session as unknown as ServerHttp2Session);
  }
  const beforeMs = performance.now();
  const keepAlive = setInterval(() => undefined, 1000);
  await destroyed;
  clearInterval(keepAlive);
  t.equal(stuck.pingCount, 1);
  t.ok(performance.now() - beforeMs >= 5, "not at the first sight");
  t.ok(answering.pingCount > 0 && silent.pingCount > answering.pingCount);
  t.same([answering.destroyed, silent.destroyed], [false, false]);
});
