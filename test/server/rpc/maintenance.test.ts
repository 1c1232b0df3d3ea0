import t from "tap";
import { messages } from "../../../src/wire/index.ts";
import { refuses, withServer } from "../server-fixture.ts";

const { AlarmAction, AlarmType, DowngradeAction } = messages;

t.test("Status tells what etcd tells of a single member", async (t) => {
  await withServer(async ({ client, server, store }) => {
    await client.kv.put("k", "v");
    const status = await client.unary("status", {});
    const { memberId, term } = server.member;
    t.match(status, {
      version: "3.7.3",
      storageVersion: "3.7.0",
      leader: memberId,
      raftTerm: term,
      isLearner: false,
      errors: [],
      header: { revision: 2 },
    });
    t.equal(status.dbSize, store.sizeBytes);
    t.ok(status.dbSizeInUse > 0 && status.dbSizeInUse <= status.dbSize);
    t.equal(status.raftIndex, status.raftAppliedIndex);
    t.ok(status.downgradeInfo, "there even when empty");
    t.equal(status.downgradeInfo?.enabled, false);
    const index = status.raftIndex;
    await client.kv.put("k", "v");
    t.ok((await client.unary("status", {})).raftIndex > index);
  });
});

t.test("Status has a line for every alarm", async (t) => {
  await withServer(async ({ client }) => {
    const action = AlarmAction.activate;
    for (const alarm of [AlarmType.nospace, AlarmType.corrupt, 9 as messages.AlarmType]) {
      await client.unary("alarm", { action, memberId: 77n, alarm });
    }
    const { errors } = await client.unary("status", {});
    t.same(errors, [
      "memberID:77  alarm:NOSPACE",
      "memberID:77  alarm:CORRUPT",
      "memberID:77  alarm:9",
    ]);
  });
});

t.test("Alarm is answered at the newest revision, and takes none", async (t) => {
  await withServer(async ({ client, store }) => {
    const alarm = { memberId: 5n, alarm: AlarmType.corrupt };
    const raised = await client.unary("alarm", { action: AlarmAction.activate, ...alarm });
    t.same(raised.alarms, [alarm]);
    t.equal(raised.header?.revision, 1);
    t.same((await client.unary("alarm", { action: AlarmAction.get })).alarms, [alarm]);
    const other = { ...alarm, memberId: 0n };
    const dropped = await client.unary("alarm", { action: AlarmAction.deactivate, ...other });
    t.same(dropped.alarms, []);
    t.equal(store.visibleRevision, 1);
  });
});

t.test("HashKV is equal for equal content, and knows its revisions", async (t) => {
  const hashes: number[] = [];
  for (const order of ["straight", "grouped"]) {
    await withServer(async ({ client }) => {
      const put = async (index: number): Promise<unknown> =>
        client.kv.put(`k${String(index % 3)}`, String(index));
      if (order === "straight") for (let index = 0; index < 9; index++) await put(index);
      else await Promise.all(Array.from({ length: 9 }, async (_, index) => put(index)));
      const response = await client.unary("hashKV", {});
      t.match(response, { hashRevision: 10, compactRevision: -1, header: { revision: 10 } });
      hashes.push(response.hash);
      const older = await client.unary("hashKV", { revision: 5 });
      t.match(older, { hashRevision: 5, header: { revision: 10 } });
      t.not(older.hash, response.hash);
      await refuses(client.unary("hashKV", { revision: 11 }), "futureRevision");
      await client.kv.compact(6);
      await refuses(client.unary("hashKV", { revision: 5 }), "compacted");
    });
  }
  t.equal(hashes[0], hashes[1]);
});

t.test("Hash is equal for equal content", async (t) => {
  const hashes: number[] = [];
  for (const value of ["same", "same", "other"]) {
    await withServer(async ({ client }) => {
      await client.kv.put("k", value);
      const { hash, header } = await client.unary("hash", {});
      t.equal(header?.revision, 2);
      hashes.push(hash);
    });
  }
  t.equal(hashes[0], hashes[1]);
  t.not(hashes[0], hashes[2]);
});

t.test("Defragment answers with nothing at all", async (t) => {
  await withServer(async ({ client }) => {
    await client.kv.put("k", "v");
    t.equal((await client.unary("defragment", {})).header, undefined);
    t.equal((await client.kv.get("k")).count, 1);
  });
});

t.test("MoveLeader goes to the member itself and to nobody else", async (t) => {
  await withServer(async ({ client, server }) => {
    const { memberId: targetId } = server.member;
    t.equal((await client.unary("moveLeader", { targetId })).header, undefined);
    await refuses(client.unary("moveLeader", {}), "badLeaderTransferee");
    await refuses(client.unary("moveLeader", { targetId: 5n }), "badLeaderTransferee");
  });
});

t.test("Downgrade may be asked about, for one minor below", async (t) => {
  await withServer(async ({ client }) => {
    const action = DowngradeAction.validate;
    for (const version of ["3.6", "3.6.0", "3.6.5"]) {
      t.equal((await client.unary("downgrade", { action, version })).version, "3.7", version);
    }
    for (const version of ["", "3", "x.y", "v3.6"]) {
      await refuses(client.unary("downgrade", { action, version }), "wrongDowngradeVersionFormat");
    }
    for (const version of ["3.7", "3.5.0", "4.0", "2.6"]) {
      await refuses(
        client.unary("downgrade", { action, version }),
        "invalidDowngradeTargetVersion",
      );
    }
    await t.resolves(client.unary("downgrade", { action: DowngradeAction.cancel }));
    const unknown = 9 as messages.DowngradeAction;
    await refuses(client.unary("downgrade", { action: unknown, version: "3.6" }), "unknownMethod");
  });
});
