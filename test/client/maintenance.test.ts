import t from "tap";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

const { AlarmAction, AlarmType, DowngradeAction } = messages;

function open(answer: Uint8Array = new Uint8Array()) {
  const channel = new FakeChannel();
  channel.answer = answer;
  return { maintenance: new Client(channel).maintenance, channel };
}

t.test("Maintenance.alarms() asks for all kinds or one, and names them", async (t) => {
  const alarms = [
    { memberId: 1n, alarm: AlarmType.nospace },
    { memberId: 2n, alarm: AlarmType.corrupt },
  ];
  const all = open(messages.encodeAlarmResponse({ alarms }));
  t.strictSame(await all.maintenance.alarms(), [
    { memberId: 1n, alarm: "nospace" },
    { memberId: 2n, alarm: "corrupt" },
  ]);
  const asked = messages.decodeAlarmRequest(all.channel.call.request);
  t.match(asked, { action: AlarmAction.get, alarm: AlarmType.none });
  const one = open();
  await one.maintenance.alarms("corrupt");
  t.equal(messages.decodeAlarmRequest(one.channel.call.request).alarm, AlarmType.corrupt);
});

t.test("Maintenance.alarmActivate() and alarmDeactivate() name member and kind", async (t) => {
  const alarm = { memberId: 5n, alarm: "nospace" } as const;
  const on = open();
  await on.maintenance.alarmActivate(alarm);
  const expected = { memberId: 5n, alarm: AlarmType.nospace };
  t.match(messages.decodeAlarmRequest(on.channel.call.request), {
    ...expected,
    action: AlarmAction.activate,
  });
  const off = open();
  await off.maintenance.alarmDeactivate(alarm);
  t.match(messages.decodeAlarmRequest(off.channel.call.request), {
    ...expected,
    action: AlarmAction.deactivate,
  });
});

t.test("Maintenance.downgrade() names the action and answers the version", async (t) => {
  const enable = open(messages.encodeDowngradeResponse({ version: "3.7" }));
  const answer = await enable.maintenance.downgrade("enable", { version: "3.6" });
  t.equal(answer.version, "3.7");
  const sent = messages.decodeDowngradeRequest(enable.channel.call.request);
  t.strictSame(sent, { action: DowngradeAction.enable, version: "3.6" });
  const cancel = open();
  await cancel.maintenance.downgrade("cancel");
  const canceled = messages.decodeDowngradeRequest(cancel.channel.call.request);
  t.strictSame(canceled, { action: DowngradeAction.cancel, version: "" });
});

t.test("Maintenance asks what its methods are named for", async (t) => {
  const channel = new FakeChannel();
  const { maintenance } = new Client(channel);
  await maintenance.status();
  await maintenance.defragment();
  await maintenance.hash();
  await maintenance.hashKV(7);
  await maintenance.moveLeader(9n);
  t.strictSame(
    channel.calls.map(({ method }) => method),
    ["status", "defragment", "hash", "hashKV", "moveLeader"],
  );
  const [, , , hashKV, moveLeader] = channel.calls;
  t.equal(messages.decodeHashKVRequest(hashKV?.request ?? new Uint8Array()).revision, 7);
  t.equal(messages.decodeMoveLeaderRequest(moveLeader?.request ?? new Uint8Array()).targetId, 9n);
});

t.test("Maintenance.snapshot() gives the pieces as they come", async (t) => {
  const { maintenance, channel } = open();
  const pieces = maintenance.snapshot();
  const first = pieces.next();
  const { output, ended } = channel.lastStream;
  t.equal(ended, true);
  output.write(messages.encodeSnapshotResponse({ remainingBytes: 3, blob: Uint8Array.of(1) }));
  output.end();
  const { value } = await first;
  t.equal(value?.remainingBytes, 3);
  t.equal((await pieces.next()).done, true);
});
