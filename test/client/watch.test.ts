import t from "tap";
import { Client } from "../../src/client/index.ts";
import type { WatchOptions } from "../../src/client/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { EtcdError, STATUS, messages } from "../../src/wire/index.ts";
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

/** A watch of a client with a clock. */
function openResuming(options: WatchOptions = {}) {
  const channel = new FakeChannel();
  const clock = new VirtualClock();
  const client = new Client(channel, { clock });
  const watch = client.watch("a", options);
  const answer = (response: messages.WatchResponseInit): void => {
    channel.lastStream.output.write(messages.encodeWatchResponse(response));
  };
  const asked = (): number[] =>
    channel.streams.map(({ sent }) => {
      return messages.decodeWatchRequest(sent[0]!).createRequest!.startRevision;
    });
  return { channel, clock, client, watch, answer, asked };
}

const putAt = (modRevision: number) => ({ kv: { key: Buffer.from("a"), modRevision } });
const LOST = new EtcdError(STATUS.unavailable, "Connection dropped");

t.test("Watch that loses its connection goes on from what it told", async (t) => {
  const { channel, clock, watch, answer, asked } = openResuming();
  answer({ created: true, header: { revision: 3 } });
  answer({ header: { revision: 9 }, events: [putAt(5), putAt(6)] });
  t.equal((await watch.next()).value?.events.length, 2);
  const next = watch.next();
  await settle();
  channel.lastStream.output.end(LOST);
  await settle();
  t.strictSame(asked(), [0, 7], "at once");
  channel.lastStream.output.end(LOST);
  await clock.advance(9);
  t.equal(channel.streams.length, 2);
  await clock.advance(1);
  t.strictSame(asked(), [0, 7, 7], "then after a while");
  answer({ created: true, header: { revision: 9 } });
  answer({ header: { revision: 9 }, events: [putAt(7)] });
  t.strictSame(
    (await next).value?.events.map(({ kv }) => kv.modRevision),
    [7],
  );
  t.equal(clock.timerCount, 0);
  watch.cancel();
});

t.test("Watch that lost its connection ends with what is compacted meanwhile", async (t) => {
  const { channel, watch, answer } = openResuming({ startRevision: 4 });
  answer({ created: true });
  const next = watch.next();
  await settle();
  channel.lastStream.output.end(LOST);
  await settle();
  answer({ created: true });
  answer({ canceled: true, compactRevision: 12 });
  await t.rejects(next, new EtcdError("compacted"));
  t.equal(watch.compactRevision, 12);
});

t.test("Watch that is cancelled while it waits to be opened again is done", async (t) => {
  const { channel, clock, watch, answer } = openResuming();
  answer({ created: true });
  const next = watch.next();
  await settle();
  channel.lastStream.output.end(LOST);
  await settle();
  channel.lastStream.output.end(LOST);
  await settle();
  t.equal(clock.timerCount, 1);
  watch.cancel();
  t.equal((await next).done, true);
  t.equal(clock.timerCount, 0);
  t.equal(channel.streams.length, 2);
});

t.test("Watch of a closed client, or refused, is not opened again", async (t) => {
  const closed = openResuming();
  closed.answer({ created: true });
  closed.client.close();
  const next = closed.watch.next();
  await settle();
  closed.channel.lastStream.output.end(LOST);
  await t.rejects(next, LOST);
  const refused = openResuming();
  refused.answer({ created: true });
  await refused.watch.created;
  refused.channel.lastStream.output.end(new EtcdError(STATUS.permissionDenied, "no"));
  await t.rejects(refused.watch.next(), { code: STATUS.permissionDenied });
  t.equal(refused.channel.streams.length, 1);
});
