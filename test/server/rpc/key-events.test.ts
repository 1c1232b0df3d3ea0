import t from "tap";
import { KeyEvents, RESPONSES_MAX } from "../../../src/server/rpc/key-events.ts";
import { EtcdError, STATUS, messages } from "../../../src/wire/index.ts";
import type { StreamInput } from "../../../src/wire/index.ts";

/** A watch stream that only notes what is done to it. */
class NotedInput implements StreamInput {
  readonly notes: string[] = [];
  write(): void {
    this.notes.push("write");
  }
  end(): void {
    this.notes.push("end");
  }
  cancel(): void {
    this.notes.push("cancel");
  }
  drained(): void {
    this.notes.push("drained");
  }
}

function started(signal?: AbortSignal): { events: KeyEvents; input: NotedInput; over: string[] } {
  const over: string[] = [];
  const events = new KeyEvents(signal, () => over.push("over"));
  const input = new NotedInput();
  events.start(input, { key: Buffer.from("a") });
  return { events, input, over };
}

const EVENT = { kv: { key: Buffer.from("a"), value: Buffer.from("v") } };

function response(revision: number): Uint8Array {
  return messages.encodeWatchResponse({ header: { revision }, events: [EVENT] });
}

t.test("KeyEvents gives out responses with events, in order, and no others", async (t) => {
  const { events } = started();
  const first = events.next();
  t.equal(events.write(messages.encodeWatchResponse({ created: true })), true);
  t.equal(events.write(messages.encodeWatchResponse({ header: { revision: 3 } })), true);
  const whole = response(4);
  t.equal(events.writeParts(whole.subarray(0, 3), [whole.subarray(3)]), true);
  events.write(response(5));
  t.equal((await first).header?.revision, 4);
  t.equal((await events.next()).header?.revision, 5);
});

t.test("KeyEvents holds the stream up when nobody takes what comes", async (t) => {
  const { events, input } = started();
  const written = Array.from({ length: RESPONSES_MAX }, (_, index) =>
    events.write(response(index)),
  );
  t.same(written.indexOf(false), RESPONSES_MAX - 1);
  for (let index = 0; index < RESPONSES_MAX; index++) {
    t.notOk(input.notes.includes("drained"), "until all is taken");
    t.equal((await events.next()).header?.revision ?? 0, index);
  }
  t.same(input.notes, ["write", "drained"]);
  t.equal(events.write(response(99)), true);
});

t.test("KeyEvents ends once, and says why to whoever asks", async (t) => {
  const controller = new AbortController();
  const { events, input, over } = started(controller.signal);
  const waiting = events.next();
  controller.abort();
  await t.rejects(waiting, { code: STATUS.canceled, message: "context canceled" });
  events.stop(new EtcdError("stopped"));
  await t.rejects(events.next(), { code: STATUS.canceled });
  t.equal(events.write(response(1)), true, "what comes late is dropped");
  t.same([input.notes, over], [["write", "cancel"], ["over"]]);

  const late = started(AbortSignal.abort(new EtcdError("timeout")));
  await t.rejects(late.events.next(), new EtcdError("timeout"));
  t.same(late.over, ["over"]);
});

t.test("KeyEvents tells how a watch was refused, as etcd's client does", async (t) => {
  const compacted = started().events;
  compacted.write(messages.encodeWatchResponse({ canceled: true, compactRevision: 5 }));
  const text = "etcdserver: mvcc: required revision has been compacted";
  await t.rejects(compacted.next(), { code: STATUS.unknown, message: text });

  const refused = started().events;
  refused.write(messages.encodeWatchResponse({ canceled: true, cancelReason: "no" }));
  await t.rejects(refused.next(), { code: STATUS.failedPrecondition, message: "no" });

  const ended = started().events;
  ended.end(new EtcdError("stopped"));
  await t.rejects(ended.next(), { code: STATUS.unknown, message: "etcdserver: server stopped" });

  const left = started().events;
  left.end();
  await t.rejects(left.next(), { message: "lost watcher waiting for delete" });
});
