import t from "tap";
import type { Store } from "../../src/mvcc/index.ts";
import { Alarms } from "../../src/server/alarms.ts";
import { apply } from "../../src/server/apply.ts";
import type { ApplyState } from "../../src/server/apply.ts";
import type { Command } from "../../src/server/command.ts";
import { Member } from "../../src/server/member.ts";
import { META } from "../../src/mvcc/tables.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import type { ErrorReason } from "../../src/wire/index.ts";
import { commit, putting, withStore } from "../harness/store-fixture.ts";
import { authStore, bytes } from "./server-fixture.ts";

const { AlarmType } = messages;

function stateOf(store: Store, alarms: readonly number[] = []): ApplyState {
  const about = { name: "", peerUrls: [], clientUrls: [] };
  return {
    member: new Member({ memberId: 1n, clusterId: 2n, term: 2 }, about),
    alarms: new Alarms(alarms.map((alarm) => ({ memberId: 1n, alarm }))),
    lessor: store.lessor,
    auth: authStore(),
  };
}

async function run(store: Store, state: ApplyState, command: Command): Promise<Uint8Array> {
  let response: Uint8Array | undefined;
  await commit(store, (txn) => {
    response = apply(command, txn, state);
  });
  return response!;
}

function put(key: string): Command {
  const request = messages.encodePutRequest({ key: bytes(key) });
  return { type: "put", request: messages.decodePutRequest(request) };
}

function txn(request: messages.TxnRequestInit): Command {
  return { type: "txn", request: messages.decodeTxnRequest(messages.encodeTxnRequest(request)) };
}

function compact(revision: number): Command {
  return { type: "compact", request: { revision, physical: false } };
}

const DELETE: Command = {
  type: "deleteRange",
  request: { key: bytes("k"), rangeEnd: bytes(""), prevKv: false },
};
const PUT_OP = { requestPut: { key: bytes("k") } };
const GRANT: Command = { type: "leaseGrant", id: 5n, ttl: 10, nowMs: 0 };

t.test("apply() under a CORRUPT alarm refuses every change but the alarm's own", async (t) => {
  await withStore(async (store) => {
    await commit(store, (made) => {
      made.grantLease(9n, 1, 0);
    });
    const state = stateOf(store, [AlarmType.corrupt, AlarmType.nospace]);
    const refused = [put("k"), DELETE, txn({ success: [PUT_OP] }), compact(1), GRANT];
    const leases: Command[] = [
      { type: "leaseRevoke", id: 9n },
      { type: "leaseExpire", id: 9n, nowMs: 10 },
    ];
    for (const command of [...refused, ...leases]) {
      await t.rejects(run(store, state, command), new EtcdError("corrupt"), command.type);
    }
    const action = messages.AlarmAction.deactivate;
    const request = { action, memberId: 1n, alarm: AlarmType.corrupt };
    await t.resolves(run(store, state, { type: "alarm", request }));
    await t.rejects(run(store, state, put("k")), new EtcdError("noSpace"));
  });
});

t.test("apply() under a NOSPACE alarm refuses what takes space", async (t) => {
  await withStore(async (store) => {
    const state = stateOf(store, [AlarmType.nospace]);
    const refused = [put("k"), GRANT, txn({ success: [PUT_OP] }), txn({ failure: [PUT_OP] })];
    for (const command of refused) {
      await t.rejects(run(store, state, command), new EtcdError("noSpace"), command.type);
    }
    for (const command of [
      DELETE,
      txn({ success: [{ requestDeleteRange: { key: bytes("k") } }] }),
    ]) {
      await t.resolves(run(store, state, command));
    }
    await t.resolves(run(store, state, compact(1)));
  });
});

t.test("apply() compacts once at each revision, and none that is to come", async (t) => {
  await withStore(async (store) => {
    const state = stateOf(store);
    await commit(store, putting("k"), putting("k"));
    const refusals: [number, ErrorReason][] = [
      [-1, "compacted"],
      [4, "futureRevision"],
    ];
    for (const [revision, reason] of refusals) {
      await t.rejects(run(store, state, compact(revision)), new EtcdError(reason));
    }
    await t.resolves(run(store, state, compact(0)), "of a store never compacted");
    await t.rejects(run(store, state, compact(0)), new EtcdError("compacted"));
    const response = await run(store, state, compact(2));
    t.equal(messages.decodeCompactionResponse(response).header?.revision, 3);
    await t.rejects(run(store, state, compact(2)), new EtcdError("compacted"));
    t.equal(store.compactedRevision, 2);
  });
});

t.test("apply() grants, revokes and ends leases", async (t) => {
  await withStore(async (store) => {
    const state = stateOf(store);
    const granted = await run(store, state, { ...GRANT, nowMs: 500 } as Command);
    t.match(messages.decodeLeaseGrantResponse(granted), { id: 5n, ttl: 10, error: "" });
    t.equal(store.lessor.get(5n)?.deadlineMs, 10_500);
    await t.rejects(run(store, state, GRANT), new EtcdError("leaseExists"));
    await run(store, state, { type: "leaseExpire", id: 5n, nowMs: 10_499 });
    t.ok(store.lessor.get(5n), "renewed, or not yet over");
    await commit(store, putting("k", "", 5n));
    const ended = await run(store, state, { type: "leaseExpire", id: 5n, nowMs: 10_500 });
    t.equal(messages.decodeLeaseRevokeResponse(ended).header?.revision, 3);
    t.equal(store.lessor.get(5n), undefined);
    const revoke: Command = { type: "leaseRevoke", id: 5n };
    await t.rejects(run(store, state, revoke), new EtcdError("leaseNotFound"));
    await t.resolves(run(store, state, { type: "leaseExpire", id: 5n, nowMs: 99_999 }));
  });
});

t.test("apply() moves the cursor of a compaction", async (t) => {
  await withStore(async (store) => {
    const state = stateOf(store);
    for (const key of ["a", "b", "c"]) await commit(store, putting(key), putting(key));
    await run(store, state, compact(7));
    const cursor: { from: string | undefined } = { from: "" };
    const step: Command = {
      type: "compactStep",
      revision: 7,
      cursor,
      keysMax: 2,
      removalsMax: 10,
    };
    await run(store, state, step);
    t.equal(cursor.from, "c");
    await run(store, state, step);
    t.equal(cursor.from, undefined);
    store.compactionFinished(7);
  });
});

t.test("apply() writes new peer URLs down", async (t) => {
  await withStore(async (store, engine) => {
    const state = stateOf(store);
    const peerUrls = ["http://a:1", "http://ü:2"];
    await run(store, state, { type: "memberUpdate", peerUrls });
    t.same(state.member.peerUrls, peerUrls);
    t.same(JSON.parse(Buffer.from(engine.getSync(META.peerUrls)!).toString()), peerUrls);
    t.equal(store.visibleRevision, 1);
  });
});
