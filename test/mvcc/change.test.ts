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

const PUT = { key: "k", main: 3, sub: 0, deleted: false, creates: false };
const DELETION = { ...PUT, deleted: true };

function changeOf(fields: typeof PUT): Change {
  const value = fields.deleted ? encodeTombstone(Buffer.from("k")) : keyValue("new", 3);
  return new Change({ valueOf: () => value }, fields);
}

function notRead(): never {
  throw new Error("read although there is none");
}

t.test("Change.event() of a put is its KeyValue, without a previous one", async (t) => {
  const event = messages.decodeEvent(changeOf(PUT).event());
  t.equal(event.type, messages.EventType.put);
  t.equal(latin1(event.kv!.value), "new");
  t.equal(event.kv!.lease, 7n);
  t.equal(event.prevKv, undefined);
});

t.test("Change.event() of a deletion has the key and the revision, and nothing else", async (t) => {
  const event = messages.decodeEvent(changeOf(DELETION).event());
  t.equal(event.type, messages.EventType.delete);
  t.same(
    { ...event.kv!, key: latin1(event.kv!.key), value: latin1(event.kv!.value) },
    { key: "k", createRevision: 0, modRevision: 3, version: 0, value: "", lease: 0n },
  );
});

t.test("Change asks its source for its value, with its place", async (t) => {
  const place = { slab: 7, offset: 9 };
  const asked: Change[] = [];
  const valueOf = (change: Change): Uint8Array => {
    asked.push(change);
    return keyValue("new", 3);
  };
  const change = new Change({ valueOf }, PUT, place);
  t.same(change.value, keyValue("new", 3));
  t.equal(asked[0], change);
  t.match(change, place);
  change.event();
  change.event();
  t.equal(asked.length, 2, "the event is made once");
});

t.test("Change makes its events once", async (t) => {
  const change = changeOf(PUT);
  const read = (): Uint8Array => keyValue("old", 2);
  t.equal(change.event(), change.event());
  t.equal(change.eventWithPrevious(read), change.eventWithPrevious(notRead));
  t.not(change.event(), change.eventWithPrevious(notRead));
});

t.test("Change.eventWithPrevious() has the key as it was before", async (t) => {
  for (const fields of [PUT, DELETION]) {
    const change = changeOf(fields);
    const read = (asked: Change): Uint8Array => {
      t.equal(asked, change);
      return keyValue("old", 2);
    };
    const { prevKv } = messages.decodeEvent(change.eventWithPrevious(read));
    t.equal(latin1(prevKv!.value), "old");
    t.equal(prevKv!.modRevision, 2);
  }
});

t.test("Change.eventWithPrevious() goes without where there is none", async (t) => {
  const gone = changeOf(PUT);
  const plain = gone.event();
  t.same(
    gone.eventWithPrevious(() => undefined),
    plain,
  );
  const made = changeOf({ ...PUT, creates: true });
  t.equal(made.eventWithPrevious(notRead), made.event());
});
