import t from "tap";
import { Client } from "../../src/client/index.ts";
import type { WatchOptions } from "../../src/client/index.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

function open(options: WatchOptions = {}) {
  const channel = new FakeChannel();
  const watch = new Client(channel).watch("a", options);
  const far = channel.lastStream;
  return {
    watch,
    far,
    answer: (response: messages.WatchResponseInit): void => {
      far.output.write(messages.encodeWatchResponse(response));
    },
    sent: () => far.sent.map((bytes) => messages.decodeWatchRequest(bytes)),
  };
}

const put = { type: 0, kv: { key: Buffer.from("a"), value: Buffer.from("1") } };

t.test("Watch asks for what it is told", async (t) => {
  const { sent } = open({
    prefix: true,
    startRevision: 5,
    prevKv: true,
    without: ["put", "delete"],
    progressNotify: true,
    fragment: true,
  });
  t.match(sent()[0]?.createRequest, {
    rangeEnd: Buffer.from("b"),
    startRevision: 5,
    prevKv: true,
    filters: [messages.FilterType.noput, messages.FilterType.nodelete],
    progressNotify: true,
    fragment: true,
    watchId: 0,
  });
});

t.test("Watch.created resolves without being iterated, and events come after it", async (t) => {
  const { watch, answer } = open();
  answer({ created: true, header: { revision: 3 } });
  t.equal((await watch.created)?.revision, 3);
  answer({ header: { revision: 4 }, events: [put, { type: 1, kv: { key: Buffer.from("b") } }] });
  const { value } = await watch.next();
  t.equal(value?.header?.revision, 4);
  t.strictSame(
    value?.events.map(({ type, kv, prevKv }) => [type, String(kv.key), String(kv.value), prevKv]),
    [
      ["put", "a", "1", undefined],
      ["delete", "b", "", undefined],
    ],
  );
});

t.test("Watch tells what was before, and that more pieces follow", async (t) => {
  const { watch, answer } = open();
  answer({ created: true });
  answer({ events: [{ ...put, prevKv: { value: Buffer.from("0") } }], fragment: true });
  const { value } = await watch.next();
  t.equal(value?.events[0]?.prevKv?.value.toString(), "0");
  t.equal(value?.fragment, true);
});

t.test("Watch.requestProgress() asks, and the answer has no events", async (t) => {
  const { watch, answer, sent } = open();
  answer({ created: true });
  watch.requestProgress();
  t.ok(sent()[1]?.progressRequest);
  answer({ watchId: -1, header: { revision: 9 } });
  const { value } = await watch.next();
  t.strictSame([value?.header?.revision, value?.events], [9, []]);
});

t.test("Watch that is cancelled is done, whenever that is", async (t) => {
  const early = open();
  early.watch.cancel();
  t.equal((await early.watch.next()).done, true, "before it was made");
  t.equal(early.far.canceled, true);
  await t.rejects(early.watch.created, new EtcdError("watchCanceled"));
  const waiting = open();
  const next = waiting.watch.next();
  waiting.watch.cancel();
  t.equal((await next).done, true, "while somebody waits");
  const late = open();
  late.answer({ created: true });
  late.answer({ events: [put] });
  for await (const { events } of late.watch) {
    t.equal(events.length, 1);
    break;
  }
  t.equal(late.far.canceled, true, "by leaving the loop");
  t.equal((await late.watch.next()).done, true);
});

t.test("Watch that the server refuses to make rejects with the reason", async (t) => {
  const { watch, answer, far } = open();
  const cancelReason = "mvcc: watcher range is empty";
  answer({ created: true, canceled: true, watchId: -1, cancelReason });
  await t.rejects(watch.created, { message: cancelReason, code: 9 });
  await t.rejects(watch.next(), { message: cancelReason });
  t.equal(far.canceled, true, "the stream has no other use");
});

t.test("Watch that was compacted rejects, and says how far", async (t) => {
  const { watch, answer } = open();
  answer({ created: true });
  t.equal(watch.compactRevision, 0);
  answer({ canceled: true, compactRevision: 12 });
  await t.rejects(watch.next(), new EtcdError("compacted"));
  t.equal(watch.compactRevision, 12);
  t.equal((await watch.next()).done, true);
});

t.test("Watch rejects with what its stream ends with", async (t) => {
  const { watch, answer, far } = open();
  answer({ created: true });
  const next = watch.next();
  await watch.created;
  far.output.end(new EtcdError("stopped"));
  await t.rejects(next, new EtcdError("stopped"));
  const unmade = open();
  unmade.far.output.end(new EtcdError("stopped"));
  await t.rejects(unmade.watch.created, new EtcdError("stopped"));
});

t.test("Watch of which nobody awaits the making fails nobody else", async (t) => {
  const { far } = open();
  far.output.end(new EtcdError("stopped"));
  await new Promise((resolve) => setImmediate(resolve));
  t.pass("no rejection is left alone");
});

t.test("Watch leaves a scope cancelled", async (t) => {
  const { watch, far } = open();
  {
    await using scoped = watch;
    scoped.requestProgress();
  }
  t.equal(far.canceled, true);
});

t.test("Watch rejects an event without a key", async (t) => {
  const { watch, answer } = open();
  answer({ created: true });
  answer({ events: [{ type: 0 }] });
  await t.rejects(watch.next(), TypeError);
});
