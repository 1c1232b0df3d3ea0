import t from "tap";
import { alarmKey } from "../../src/mvcc/index.ts";
import { Alarms } from "../../src/server/alarms.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import { commit, withStore } from "../harness/store-fixture.ts";

const { AlarmAction, AlarmType } = messages;
const NO_SPACE = { memberId: 1n, alarm: AlarmType.nospace };
const CORRUPT = { memberId: 2n, alarm: AlarmType.corrupt };

t.test("Alarms raises, lists and drops, in memory and on disk", async (t) => {
  await withStore(async (store, engine) => {
    const alarms = new Alarms([]);
    await commit(store, (txn) => {
      t.same(alarms.apply({ action: AlarmAction.activate, ...NO_SPACE }, txn), [NO_SPACE]);
      t.same(alarms.apply({ action: AlarmAction.activate, ...CORRUPT }, txn), [CORRUPT]);
      t.same(alarms.apply({ action: AlarmAction.activate, ...CORRUPT }, txn), [CORRUPT]);
      const all = { action: AlarmAction.get, memberId: 0n, alarm: AlarmType.none };
      t.same(alarms.apply(all, txn), [NO_SPACE, CORRUPT]);
      t.same(alarms.apply({ ...all, alarm: AlarmType.corrupt }, txn), [CORRUPT]);
    });
    const row = engine.getSync(alarmKey(1n, AlarmType.nospace));
    t.same(messages.decodeAlarmMember(row!), NO_SPACE);
    await commit(store, (txn) => {
      const other = { ...NO_SPACE, memberId: 0n };
      t.same(alarms.apply({ action: AlarmAction.deactivate, ...other }, txn), []);
      t.same(alarms.apply({ action: AlarmAction.deactivate, ...NO_SPACE }, txn), [NO_SPACE]);
    });
    t.equal(engine.getSync(alarmKey(1n, AlarmType.nospace)), undefined);
    t.same(alarms.list(AlarmType.none), [CORRUPT]);
    t.equal(store.visibleRevision, 1, "alarms take no revision");
  });
});

t.test("Alarms raises nothing for no type, and answers nothing to unknown actions", async (t) => {
  await withStore(async (store) => {
    const alarms = new Alarms([]);
    await commit(store, (txn) => {
      const none = { memberId: 1n, alarm: AlarmType.none };
      t.same(alarms.apply({ action: AlarmAction.activate, ...none }, txn), []);
      t.same(alarms.apply({ ...NO_SPACE, action: 77 as messages.AlarmAction }, txn), []);
      t.equal(txn.isEmpty, true);
    });
    t.same(alarms.list(AlarmType.none), []);
  });
});

t.test("Alarms refuses what each alarm forbids", async (t) => {
  const none = new Alarms([]);
  t.doesNotThrow(() => {
    none.refuseIfCorrupt();
    none.refuseIfFull();
  });
  const full = new Alarms([NO_SPACE]);
  t.throws(() => full.refuseIfFull(), new EtcdError("noSpace"));
  t.doesNotThrow(() => full.refuseIfCorrupt());
  const corrupt = new Alarms([CORRUPT]);
  t.throws(() => corrupt.refuseIfCorrupt(), new EtcdError("corrupt"));
  t.doesNotThrow(() => corrupt.refuseIfFull());
  t.equal(corrupt.has(AlarmType.corrupt), true);
  t.equal(corrupt.has(AlarmType.nospace), false);
});
