import t from "tap";
import { Client } from "../../src/client/index.ts";
import { EtcdError, STATUS, messages } from "../../src/wire/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { FakeChannel } from "./fake-channel.ts";
import type { FakeStream } from "./fake-channel.ts";

/** A far end that answers each renewal with so many seconds; undefined leaves it unanswered. */
function far(ttl: number) {
  const channel = new FakeChannel();
  const clock = new VirtualClock();
  const client = new Client(channel, { clock });
  const state = { ttl: ttl as number | undefined, renewedMs: [] as number[] };
  const answer = (stream: FakeStream): void => {
    state.renewedMs.push(clock.nowMs());
    if (state.ttl === undefined) return;
    stream.output.write(messages.encodeLeaseKeepAliveResponse({ id: 1n, ttl: state.ttl }));
  };
  channel.onStream = (stream) => {
    stream.onWrite = () => answer(stream);
  };
  return { channel, clock, client, state };
}

t.test("KeptLease renews three times in its time, over one stream, with one timer", async (t) => {
  const { channel, clock, client, state } = far(9);
  const kept = await client.lease.keep(1n);
  t.strictSame([kept.id, kept.ttl, clock.timerCount], [1n, 9, 1]);
  await clock.advance(9000);
  t.strictSame(state.renewedMs, [0, 3000, 6000, 9000]);
  t.equal(channel.streams.length, 1);
  t.equal(clock.timerCount, 1);
  kept.close();
  t.equal(clock.timerCount, 0);
  t.equal(channel.lastStream.canceled, true);
  t.equal(kept.signal.aborted, false, "closing is no loss");
});

t.test("KeptLease of a lease that is not there is refused", async (t) => {
  const { clock, client, channel } = far(0);
  await t.rejects(client.lease.keep(1n), new EtcdError("leaseNotFound"));
  t.equal(clock.timerCount, 0);
  t.equal(channel.lastStream.canceled, true);
});

t.test("KeptLease that the server has no more is lost at the next renewal", async (t) => {
  const { clock, client, state } = far(9);
  const kept = await client.lease.keep(1n);
  state.ttl = 0;
  await clock.advance(2999);
  t.equal(kept.signal.aborted, false);
  await clock.advance(1);
  t.match(kept.signal.reason, new EtcdError("leaseNotFound"));
  t.equal(clock.timerCount, 0);
});

t.test("KeptLease whose stream breaks opens another one, and goes on", async (t) => {
  const { channel, clock, client, state } = far(9);
  const kept = await client.lease.keep(1n);
  channel.lastStream.output.end(new EtcdError("stopped"));
  await clock.advance(3000);
  t.equal(channel.streams.length, 1, "it is found out at the renewal");
  await clock.advance(500);
  t.equal(channel.streams.length, 2);
  t.strictSame(state.renewedMs, [0, 3500]);
  t.equal(kept.signal.aborted, false);
  kept.close();
});

t.test("KeptLease is lost when nobody answers as long as it lives", async (t) => {
  const { clock, client, state } = far(9);
  const kept = await client.lease.keep(1n);
  state.ttl = undefined;
  await clock.advance(8999);
  t.equal(kept.signal.aborted, false);
  await clock.advance(1);
  const { reason } = kept.signal as { reason: EtcdError };
  t.equal(reason.code, STATUS.deadlineExceeded);
  t.equal(reason.message, "Cannot keep lease 1 alive: no answer while it lived");
  t.equal(clock.timerCount, 0);
});

t.test("KeptLease that cannot be asked for is lost with the last error", async (t) => {
  const { channel, clock, client } = far(9);
  const kept = await client.lease.keep(1n);
  channel.onStream = (stream) => {
    stream.onWrite = () => stream.output.end(new EtcdError("stopped"));
  };
  channel.lastStream.output.end(new EtcdError("stopped"));
  await clock.advance(8999);
  t.equal(kept.signal.aborted, false);
  await clock.advance(1);
  t.match(kept.signal.reason, new EtcdError("stopped"));
  t.equal(channel.streams.length, 12, "every half second, from three seconds on");
});

t.test(
  "KeptLease of Lease.session() is revoked once when disposed of; a kept one is not",
  async (t) => {
    const { channel, client } = far(9);
    channel.answer = messages.encodeLeaseGrantResponse({ id: 1n, ttl: 9 });
    const session = await client.lease.session(9);
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    t.strictSame(
      channel.calls.map(({ method }) => method),
      ["leaseGrant", "leaseRevoke"],
    );
    const kept = await client.lease.keep(1n);
    await kept[Symbol.asyncDispose]();
    t.equal(channel.calls.length, 2);
  },
);

t.test("KeptLease that is disposed of where the server is gone does not reject", async (t) => {
  const { channel, client, clock } = far(9);
  channel.answer = messages.encodeLeaseGrantResponse({ id: 1n, ttl: 9 });
  const session = await client.lease.session(9);
  channel.answer = new EtcdError("stopped");
  await session[Symbol.asyncDispose]();
  await settle();
  t.equal(clock.timerCount, 0);
});
