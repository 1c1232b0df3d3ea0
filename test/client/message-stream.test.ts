import t from "tap";
import { MessageStream, STREAM_MESSAGES_UNREAD_MAX } from "../../src/client/message-stream.ts";
import { EMPTY_CONTEXT, EtcdError } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";
import type { FakeStream } from "./fake-channel.ts";

/** Messages are single numbers; 255 cannot be read. */
const codec = {
  encode: (value: number): Uint8Array => Uint8Array.of(value),
  decode: (bytes: Uint8Array): number => {
    const [value = 255] = bytes;
    if (value === 255) {
      throw new TypeError("Cannot read a number");
    }
    return value;
  },
};

function open(): { stream: MessageStream<number, number>; far: FakeStream } {
  const channel = new FakeChannel();
  const stream = new MessageStream({ channel, context: EMPTY_CONTEXT, method: "watch", codec });
  return { stream, far: channel.lastStream };
}

t.test("MessageStream gives messages in order, before and after they are asked for", async (t) => {
  const { stream, far } = open();
  far.output.write(Uint8Array.of(1));
  far.output.write(Uint8Array.of(2));
  t.strictSame(await stream.next(), { done: false, value: 1 });
  t.strictSame(await stream.next(), { done: false, value: 2 });
  const waiting = [stream.next(), stream.next()];
  far.output.write(Uint8Array.of(3));
  far.output.write(Uint8Array.of(4));
  t.strictSame(
    (await Promise.all(waiting)).map(({ value }) => value),
    [3, 4],
  );
});

t.test("MessageStream sends messages until it ends", async (t) => {
  const { stream, far } = open();
  stream.send(7);
  stream.end();
  t.strictSame([far.sent.map((bytes) => bytes[0]), far.ended], [[7], true]);
  far.output.end();
  stream.send(8);
  t.equal(far.sent.length, 1, "nobody would read it");
});

t.test("MessageStream is done when the far end ends it, after what it said before", async (t) => {
  const { stream, far } = open();
  far.output.write(Uint8Array.of(1));
  far.output.end();
  t.equal((await stream.next()).value, 1);
  t.strictSame(await stream.next(), { done: true, value: undefined });
  t.strictSame(await stream.next(), { done: true, value: undefined });
});

t.test("MessageStream rejects once with what it ended with", async (t) => {
  const { stream, far } = open();
  far.output.write(Uint8Array.of(1));
  far.output.end(new EtcdError("compacted"));
  t.equal((await stream.next()).value, 1);
  await t.rejects(stream.next(), new EtcdError("compacted"));
  t.equal((await stream.next()).done, true);
});

t.test("MessageStream tells its end to everybody who waits", async (t) => {
  const { stream, far } = open();
  const waiting = [stream.next(), stream.next()];
  far.output.end(new EtcdError("stopped"));
  const [first, second] = await Promise.allSettled(waiting);
  t.match(first, { status: "rejected", reason: { reason: "stopped" } });
  t.match(second, { status: "fulfilled", value: { done: true } });
});

t.test("MessageStream asks for a pause when nobody reads, and ends it at half", async (t) => {
  const { stream, far } = open();
  for (let count = 1; count < STREAM_MESSAGES_UNREAD_MAX; count += 1) {
    t.equal(far.output.write(Uint8Array.of(1)), true);
  }
  t.equal(far.output.write(Uint8Array.of(1)), false, "full");
  t.equal(far.output.write(Uint8Array.of(1)), false, "but taken all the same");
  const half = STREAM_MESSAGES_UNREAD_MAX / 2;
  for (let unread = STREAM_MESSAGES_UNREAD_MAX; unread > half; unread -= 1) {
    await stream.next();
    t.equal(far.drainedCount, 0);
  }
  await stream.next();
  t.equal(far.drainedCount, 1);
  await stream.next();
  t.equal(far.drainedCount, 1, "once");
});

t.test("MessageStream that is cancelled forgets what was not read", async (t) => {
  const { stream, far } = open();
  far.output.write(Uint8Array.of(1));
  const late = open();
  const waiting = late.stream.next();
  stream.cancel();
  stream.cancel();
  late.stream.cancel();
  t.equal(far.canceled, true);
  t.equal((await stream.next()).done, true);
  t.equal((await waiting).done, true, "who waits is told");
  t.equal(far.output.write(Uint8Array.of(2)), true, "what still comes is dropped");
  far.output.end(new EtcdError("stopped"));
  t.equal((await stream.next()).done, true);
});

t.test("MessageStream does not cancel what has ended", async (t) => {
  const { stream, far } = open();
  far.output.end();
  stream.cancel();
  stream.end();
  t.strictSame([far.canceled, far.ended], [false, false]);
});

t.test("MessageStream is cancelled by leaving a loop, and by leaving a scope", async (t) => {
  const looped = open();
  looped.far.output.write(Uint8Array.of(1));
  for await (const value of looped.stream) {
    t.equal(value, 1);
    break;
  }
  t.equal(looped.far.canceled, true);
  const scoped = open();
  {
    await using stream = scoped.stream;
    stream.send(1);
  }
  t.equal(scoped.far.canceled, true);
});

t.test("MessageStream rejects the reading of what cannot be read", async (t) => {
  const { stream, far } = open();
  const waiting = stream.next();
  far.output.write(Uint8Array.of(255));
  await t.rejects(waiting, TypeError);
  far.output.write(Uint8Array.of(255));
  await t.rejects(stream.next(), TypeError);
});
