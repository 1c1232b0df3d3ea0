import t from "tap";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

function open() {
  const channel = new FakeChannel();
  return { cluster: new Client(channel).cluster, channel };
}

t.test("Cluster.memberList() is linearizable unless told", async (t) => {
  const { cluster, channel } = open();
  channel.answer = messages.encodeMemberListResponse({ members: [{ id: 3n, name: "a" }] });
  t.match((await cluster.memberList()).members, [{ id: 3n, name: "a" }]);
  await cluster.memberList({ linearizable: false });
  t.strictSame(
    channel.calls.map(({ request }) => messages.decodeMemberListRequest(request).linearizable),
    [true, false],
  );
});

t.test("Cluster.memberAdd() adds a voter unless told", async (t) => {
  const { cluster, channel } = open();
  const peerUrls = ["http://a:1"];
  await cluster.memberAdd(peerUrls);
  await cluster.memberAdd(peerUrls, { learner: true });
  t.strictSame(
    channel.calls.map(({ request }) => messages.decodeMemberAddRequest(request)),
    [
      { peerUrls, isLearner: false },
      { peerUrls, isLearner: true },
    ],
  );
});

t.test("Cluster.memberUpdate(), memberRemove() and memberPromote() name the member", async (t) => {
  const { cluster, channel } = open();
  await cluster.memberUpdate(1n, ["http://a:1"]);
  await cluster.memberRemove(2n);
  await cluster.memberPromote(3n);
  const [update, remove, promote] = channel.calls.map(({ request }) => request);
  t.strictSame(messages.decodeMemberUpdateRequest(update ?? new Uint8Array()), {
    id: 1n,
    peerUrls: ["http://a:1"],
  });
  t.equal(messages.decodeMemberRemoveRequest(remove ?? new Uint8Array()).id, 2n);
  t.equal(messages.decodeMemberPromoteRequest(promote ?? new Uint8Array()).id, 3n);
});
