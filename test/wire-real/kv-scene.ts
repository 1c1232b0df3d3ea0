/** Every field of KV's messages, given values that show. */
import type { Test } from "tap";
import { messages as m } from "../../src/wire/index.ts";
import type { Api } from "./api.ts";
import { rest } from "./exchange.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
const keysOf = (response: m.RangeResponse | undefined): string =>
  (response?.kvs ?? []).map((kv) => text(kv.key)).join(" ");

const LEASE = -0x7edc_ba98_7654_3210n;
const RANGE = { key: bytes("kv/"), rangeEnd: bytes("kv0") };

export async function kvScene(t: Test, etcd: Api): Promise<void> {
  await putScene(t, etcd);
  await rangeScene(t, etcd);
  await filterScene(t, etcd);
  await compareScene(t, etcd);
  await txnScene(t, etcd);
  await deleteScene(t, etcd);
}

async function putScene(t: Test, { kv, lease }: Api): Promise<void> {
  await lease.grant({ id: LEASE, ttl: 5_000 });
  await kv.put({ key: bytes("kv/a"), value: bytes("3"), lease: LEASE });
  const second = await kv.put({
    key: bytes("kv/a"),
    value: bytes("4"),
    lease: LEASE,
    prevKv: true,
  });
  t.match(second.prevKv, { version: 1, lease: LEASE });
  t.equal(text(second.prevKv?.value), "3");
  t.equal(second.header?.revision, (second.prevKv?.modRevision ?? 0) + 1);
  await kv.put({ key: bytes("kv/a"), ignoreValue: true });
  const kept = await kv.range({ key: bytes("kv/a") });
  t.match(kept.kvs[0], { version: 3, lease: 0n });
  t.equal(text(kept.kvs[0]?.value), "4", "ignore_value");
  await kv.put({ key: bytes("kv/b"), value: bytes("1"), lease: LEASE });
  await kv.put({ key: bytes("kv/b"), value: bytes("2"), ignoreLease: true });
  const both = await kv.range({ key: bytes("kv/b") });
  t.match(both.kvs[0], { version: 2, lease: LEASE }, "ignore_lease");
  await kv.put({ key: bytes("kv/c"), value: bytes("9") });
}

async function rangeScene(t: Test, { kv }: Api): Promise<void> {
  const { none, ascend, descend } = m.SortOrder;
  const all = await kv.range(RANGE);
  t.equal(keysOf(all), "kv/a kv/b kv/c");
  t.match(all, { more: false, count: 3 });
  t.match(await kv.range({ ...RANGE, limit: 2 }), { more: true, count: 3 }, "limit");
  const revision = all.kvs[0]?.createRevision ?? 0;
  t.equal(keysOf(await kv.range({ ...RANGE, revision })), "kv/a", "revision");
  const sorted: [target: number, order: number, keys: string][] = [
    [m.SortTarget.key, descend, "kv/c kv/b kv/a"],
    [m.SortTarget.version, ascend, "kv/c kv/b kv/a"],
    [m.SortTarget.create, descend, "kv/c kv/b kv/a"],
    [m.SortTarget.mod, descend, "kv/c kv/b kv/a"],
    [m.SortTarget.value, ascend, "kv/b kv/a kv/c"],
    [m.SortTarget.value, none, "kv/b kv/a kv/c"],
  ];
  for (const [sortTarget, sortOrder, keys] of sorted) {
    t.equal(keysOf(await kv.range({ ...RANGE, sortTarget, sortOrder })), keys, `${sortTarget}`);
  }
  const keysOnly = await kv.range({ ...RANGE, keysOnly: true, serializable: true });
  t.equal(keysOnly.kvs.map((one) => text(one.value)).join(""), "", "keys_only");
  t.equal(keysOnly.kvs[1]?.lease, 0n, "keys_only from the index knows no lease");
  const byValue = { keysOnly: true, sortTarget: m.SortTarget.value };
  const sortedKeys = await kv.range({ ...RANGE, ...byValue });
  t.equal(sortedKeys.kvs[0]?.lease, LEASE, "keys_only sorted by value does");
  const counted = await kv.range({ ...RANGE, countOnly: true });
  t.match(counted, { kvs: [], count: 3 }, "count_only");

  const stream = kv.rangeStream();
  stream.send({ ...RANGE, limit: 2 });
  stream.end();
  const parts = (await rest(stream)).map((part) => part.rangeResponse);
  t.equal(parts.map(keysOf).join(" ").trim(), "kv/a kv/b");
  t.match(parts.at(-1), { more: true, count: 3 });
}

async function filterScene(t: Test, { kv }: Api): Promise<void> {
  const { kvs } = await kv.range(RANGE);
  const [a, b, c] = kvs;
  if (a === undefined || b === undefined || c === undefined) throw new Error("Cannot find keys");
  const filtered = async (filter: m.RangeRequestInit): Promise<string> =>
    keysOf(await kv.range({ ...RANGE, ...filter }));
  t.equal(await filtered({ minModRevision: b.modRevision }), "kv/b kv/c");
  t.equal(await filtered({ maxModRevision: a.modRevision }), "kv/a");
  t.equal(await filtered({ minCreateRevision: c.createRevision }), "kv/c");
  t.equal(await filtered({ maxCreateRevision: b.createRevision }), "kv/a kv/b");
}

async function compareScene(t: Test, { kv }: Api): Promise<void> {
  const b = (await kv.range({ key: bytes("kv/b") })).kvs[0];
  if (b === undefined) throw new Error("Cannot find key: kv/b");
  const { version, createRevision, modRevision } = b;
  const { equal, greater, less, notEqual } = m.CompareResult;
  const { version: byVersion, create, mod, value, lease } = m.CompareTarget;
  const holding: m.CompareInit[] = [
    { result: equal, target: byVersion, version },
    { result: greater, target: byVersion, version: 0 },
    { result: equal, target: create, createRevision },
    { result: less, target: mod, modRevision: modRevision + 1 },
    { result: notEqual, target: value, value: bytes("other") },
    { result: equal, target: value, value: bytes("2") },
    { result: equal, target: lease, lease: LEASE },
  ];
  const failing: m.CompareInit[] = [
    { result: equal, target: byVersion, version: version + 1 },
    { result: less, target: create, createRevision },
    { result: greater, target: mod, modRevision },
    { result: equal, target: value, value: bytes("") },
    { result: notEqual, target: lease, lease: LEASE },
    // Every key of the range must hold, and kv/c has no lease.
    { result: equal, target: lease, lease: LEASE, rangeEnd: bytes("kv/d") },
  ];
  const succeeds = async (compare: m.CompareInit): Promise<boolean> =>
    (await kv.txn({ compare: [{ key: bytes("kv/b"), ...compare }] })).succeeded;
  for (const compare of holding)
    t.equal(await succeeds(compare), true, JSON.stringify(compare, big));
  for (const compare of failing)
    t.equal(await succeeds(compare), false, JSON.stringify(compare, big));
}

function big(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

async function txnScene(t: Test, { kv }: Api): Promise<void> {
  const nested: m.TxnRequestInit = {
    compare: [{ key: bytes("none"), target: m.CompareTarget.version, version: 5 }],
    failure: [{ requestRange: { key: bytes("kv/c") } }],
  };
  const response = await kv.txn({
    success: [
      { requestRange: { ...RANGE, limit: 1 } },
      { requestPut: { key: bytes("kv/c"), value: bytes("10"), prevKv: true } },
      { requestDeleteRange: { key: bytes("kv/a"), prevKv: true } },
      { requestTxn: nested },
    ],
  });
  t.equal(response.succeeded, true);
  const [range, put, deleted, inner] = response.responses;
  t.match(range?.responseRange, { count: 3, more: true });
  t.equal(text(put?.responsePut?.prevKv?.value), "9");
  t.equal(deleted?.responseDeleteRange?.deleted, 1);
  t.equal(inner?.responseTxn?.succeeded, false);
  t.equal(keysOf(inner?.responseTxn?.responses[0]?.responseRange), "kv/c");
}

async function deleteScene(t: Test, { kv }: Api): Promise<void> {
  const response = await kv.deleteRange({ ...RANGE, prevKv: true });
  t.equal(response.deleted, 2);
  t.equal(response.prevKvs.map((one) => text(one.key)).join(" "), "kv/b kv/c");
  const none = await kv.deleteRange(RANGE);
  t.match(none, { deleted: 0, prevKvs: [] });
  const revision = response.header?.revision ?? 0;
  t.equal((await kv.compact({ revision, physical: true })).header?.revision, revision);
}
