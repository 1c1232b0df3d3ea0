import t from "tap";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";
import type { FakeStream } from "./fake-channel.ts";

function open(answer: Uint8Array = new Uint8Array()) {
  const channel = new FakeChannel();
  channel.answer = answer;
  return { lease: new Client(channel).lease, channel };
}

/** Answers every keep-alive with ten seconds. */
function keepsAlive(far: FakeStream): void {
  far.onWrite = (bytes) => {
    const { id } = messages.decodeLeaseKeepAliveRequest(bytes);
    far.output.write(messages.encodeLeaseKeepAliveResponse({ id, ttl: 10 }));
  };
}

t.test("Lease.grant() asks for seconds, and an id where given", async (t) => {
  const given = open(messages.encodeLeaseGrantResponse({ id: 7n, ttl: 30 }));
  t.match(await given.lease.grant(20, { id: 7n }), { id: 7n, ttl: 30 });
  t.match(messages.decodeLeaseGrantRequest(given.channel.call.request), { id: 7n, ttl: 20 });
  const chosen = open();
  await chosen.lease.grant(20);
  t.equal(messages.decodeLeaseGrantRequest(chosen.channel.call.request).id, 0n);
});

t.test("Lease.revoke() answers the header", async (t) => {
  const { lease, channel } = open(messages.encodeLeaseRevokeResponse({ header: { revision: 4 } }));
  t.equal((await lease.revoke(-3n))?.revision, 4);
  t.equal(messages.decodeLeaseRevokeRequest(channel.call.request).id, -3n);
});

t.test("Lease.timeToLive() asks for the keys only when told", async (t) => {
  const answer = messages.encodeLeaseTimeToLiveResponse({
    ttl: 5,
    grantedTtl: 9,
    keys: [Buffer.from("a")],
  });
  const { lease, channel } = open(answer);
  const told = await lease.timeToLive(1n, { keys: true });
  t.strictSame([told.id, told.ttl, told.grantedTtl, told.keys.map(String)], [1n, 5, 9, ["a"]]);
  t.equal(messages.decodeLeaseTimeToLiveRequest(channel.call.request).keys, true);
  const without = open(answer);
  await without.lease.timeToLive(1n);
  t.equal(messages.decodeLeaseTimeToLiveRequest(without.channel.call.request).keys, false);
});

t.test("Lease.leases() answers ids", async (t) => {
  const { lease } = open(messages.encodeLeaseLeasesResponse({ leases: [{ id: 2n }, { id: -1n }] }));
  t.strictSame((await lease.leases()).ids, [2n, -1n]);
});

t.test("Lease.keepAlive() renews many leases over one stream, in order", async (t) => {
  const { lease, channel } = open();
  const keeper = lease.keepAlive();
  keepsAlive(channel.lastStream);
  const answers = await Promise.all([keeper.renew(1n), keeper.renew(2n)]);
  t.strictSame(
    answers.map(({ id, ttl }) => [id, ttl]),
    [
      [1n, 10],
      [2n, 10],
    ],
  );
  t.equal(channel.streams.length, 1);
  keeper.close();
  t.equal(channel.lastStream.canceled, true);
  await t.rejects(keeper.renew(1n), { message: "Cannot renew lease 1: the stream has ended" });
});

t.test("Lease.keepAliveOnce() closes its stream", async (t) => {
  const { lease, channel } = open();
  const renewed = lease.keepAliveOnce(1n);
  const far = channel.lastStream;
  far.output.write(messages.encodeLeaseKeepAliveResponse({ id: 1n, ttl: 10 }));
  t.equal((await renewed).ttl, 10);
  t.equal(far.canceled, true);
});
