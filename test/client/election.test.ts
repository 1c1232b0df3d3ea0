import t from "tap";
import { Client } from "../../src/client/index.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

const LEADER = { name: Buffer.from("e"), key: Buffer.from("e/5"), rev: 9, lease: 5n };

function open(answer: Uint8Array = new Uint8Array()) {
  const channel = new FakeChannel();
  channel.answer = answer;
  return { election: new Client(channel).election, channel };
}

const campaignAnswer = messages.encodeCampaignResponse({ header: { revision: 9 }, leader: LEADER });

t.test(
  "Election.campaign() asks by name, value and lease, and answers the leadership",
  async (t) => {
    const { election, channel } = open(campaignAnswer);
    const leadership = await election.campaign("e", "me", { lease: 5n });
    const { header, ...rest } = leadership;
    t.equal(header?.revision, 9);
    t.strictSame(rest, { name: LEADER.name, key: LEADER.key, revision: 9, lease: 5n });
    const request = messages.decodeCampaignRequest(channel.call.request);
    t.match(request, { name: Buffer.from("e"), value: Buffer.from("me"), lease: 5n });
  },
);

t.test("Election.proclaim() and resign() name the leadership", async (t) => {
  const { election, channel } = open(campaignAnswer);
  const leadership = await election.campaign("e", "me");
  await election.proclaim(leadership, "more");
  await election.resign(leadership);
  const [, proclaim, resign] = channel.calls;
  const proclaimed = messages.decodeProclaimRequest(proclaim!.request);
  t.match(proclaimed, { leader: LEADER, value: Buffer.from("more") });
  t.match(messages.decodeResignRequest(resign!.request), { leader: LEADER });
});

t.test("Election.leader() answers who leads", async (t) => {
  const kv = { key: LEADER.key, value: Buffer.from("me"), lease: 5n };
  const { election } = open(messages.encodeLeaderResponse({ header: { revision: 2 }, kv }));
  const { kv: leader } = await election.leader("e");
  t.equal(leader.value.toString(), "me");
  t.equal(leader.lease, 5n);
  await t.rejects(open().election.leader("e"), TypeError);
  await t.rejects(open().election.campaign("e", ""), TypeError);
});

t.test("Election.observe() tells leaders until it is cancelled", async (t) => {
  const { election, channel } = open();
  const observation = election.observe("e");
  const far = channel.lastStream;
  t.equal(far.ended, true);
  const kv = { key: LEADER.key, value: Buffer.from("me") };
  far.output.write(messages.encodeLeaderResponse({ kv }));
  const { value } = await observation.next();
  t.equal(value?.kv.value.toString(), "me");
  const waiting = observation.next();
  observation.cancel();
  t.equal((await waiting).done, true);
  t.equal(far.canceled, true);
});

t.test("Election.observe() rejects with what its stream ends with", async (t) => {
  const { election, channel } = open();
  const next = election.observe("e").next();
  channel.lastStream.output.end(new EtcdError("stopped"));
  await t.rejects(next, new EtcdError("stopped"));
});
