import t from "tap";
import { Change } from "../../src/mvcc/change.ts";
import { encodeKeyValue, encodeTombstone, latin1, messages } from "../../src/wire/index.ts";

function keyValue(value: string, modRevision: number, createRevision = 2): Buffer {
  return encodeKeyValue({
    key: Buffer.from("k"),
    createRevision,
    modRevision,
    version: modRevision - createRevision + 1,
    value: Buffer.from(value),
    lease: 7n,
  });
}

const PUT = {
  key: "k",
  main: 3,
  sub: 0,
  deleted: false,
  creates: false,
  value: keyValue("new", 3),
  before: { main: 2, sub: 0, value: keyValue("old", 2) },
};
const DELETION = { ...PUT, deleted: true, value: encodeTombstone(Buffer.from("k")) };

function notRead(): never {
  throw new Error("read although memory has it");
}

t.test("Change.event() of a put is its KeyValue, without a previous one", async (t) => {
  const event = messages.decodeEvent(new Change(PUT).event());
  t.equal(event.type, messages.EventType.put);
  t.equal(latin1(event.kv!.value), "new");
  t.equal(event.kv!.lease, 7n);
  t.equal(event.prevKv, undefined);
});

t.test("Change.event() of a deletion has the key and the revision, and nothing else", async (t) => {
  const event = messages.decodeEvent(new Change(DELETION).event());
  t.equal(event.type, messages.EventType.delete);
  t.same(
    { ...event.kv!, key: latin1(event.kv!.key), value: latin1(event.kv!.value) },
    { key: "k", createRevision: 0, modRevision: 3, version: 0, value: "", lease: 0n },
  );
});

t.test("Change makes its events once", async (t) => {
  const change = new Change(PUT);
  t.equal(change.event(), change.event());
  t.equal(change.eventWithPrevious(notRead), change.eventWithPrevious(notRead));
  t.not(change.event(), change.eventWithPrevious(notRead));
});

t.test("Change.eventWithPrevious() has the key as it was before", async (t) => {
  for (const fields of [PUT, DELETION]) {
    const { prevKv } = messages.decodeEvent(new Change(fields).eventWithPrevious(notRead));
    t.equal(latin1(prevKv!.value), "old");
    t.equal(prevKv!.modRevision, 2);
  }
});

t.test("Change.eventWithPrevious() reads what memory no longer has, once", async (t) => {
  let readCount = 0;
  const change = new Change({ ...PUT, before: { main: 2, sub: 5, value: undefined } });
  const read = (main: number, sub: number): Uint8Array => {
    t.same([main, sub], [2, 5]);
    readCount++;
    return keyValue("old", 2);
  };
  const { prevKv } = messages.decodeEvent(change.eventWithPrevious(read));
  t.equal(latin1(prevKv!.value), "old");
  change.eventWithPrevious(read);
  t.equal(readCount, 1);
});

t.test("Change.eventWithPrevious() goes without where there is none", async (t) => {
  const gone = new Change({ ...PUT, before: { main: 2, sub: 0, value: undefined } });
  const plain = gone.event();
  t.same(
    gone.eventWithPrevious(() => undefined),
    plain,
  );
  const made = new Change({ ...PUT, creates: true });
  t.equal(made.eventWithPrevious(notRead), made.event());
  const first = new Change({ ...PUT, before: undefined });
  t.equal(first.eventWithPrevious(notRead), first.event());
});
