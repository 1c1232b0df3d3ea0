/**
 * HashKV, against a hash that the test computes itself from the history that a watch tells.
 *
 * Source of the rule: etcd server/storage/mvcc/hash.go. It is a CRC-32C over the rows as etcd keeps
 * them: a row's key is its revision, its value the KeyValue in protobuf's canonical form.
 */
import { compare, op } from "../../src/client/index.ts";
import type { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { bytes, currentRevision, REFUSALS, refuses, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { withProbe } from "./watch-probe.ts";

/** A change of one key, as etcd keeps it. */
interface StoredRow {
  readonly revision: number;
  readonly tombstone: boolean;
  readonly key: string;
  /** Revision key and value, joined. */
  readonly data: Buffer;
}

/** Every change there was, in order; the store must not have been compacted yet. */
async function readHistory(client: Client): Promise<StoredRow[]> {
  const last = await currentRevision(client);
  const history: StoredRow[] = [];
  await withProbe(client, async (probe) => {
    await probe.create({ key: "\u0000", rangeEnd: "\u0000", startRevision: 1 });
    while ((history.at(-1)?.revision ?? 1) < last) {
      for (const { type, kv } of (await probe.next("history")).events) {
        const revision = kv?.modRevision ?? 0;
        const sub = history.filter((row) => row.revision === revision).length;
        history.push(storedRow({ type, kv, sub }));
      }
    }
  });
  return history;
}

function storedRow(change: {
  readonly type: number;
  readonly kv: messages.KeyValue | undefined;
  readonly sub: number;
}): StoredRow {
  const kv = change.kv ?? messages.decodeKeyValue(new Uint8Array());
  const tombstone = change.type === messages.EventType.delete;
  const head = Buffer.alloc(tombstone ? 18 : 17);
  head.writeBigInt64BE(BigInt(kv.modRevision), 0);
  head.write("_", 8);
  head.writeBigInt64BE(BigInt(change.sub), 9);
  if (tombstone) {
    head.write("t", 17);
  }
  return {
    revision: kv.modRevision,
    tombstone,
    key: Buffer.from(kv.key).toString("latin1"),
    data: Buffer.concat([head, tombstone ? field(1, kv.key) : canonical(kv)]),
  };
}

/** Fields in ascending order, zeros left out. */
function canonical(kv: messages.KeyValue): Buffer {
  return Buffer.concat([
    field(1, kv.key),
    number(2, BigInt(kv.createRevision)),
    number(3, BigInt(kv.modRevision)),
    number(4, BigInt(kv.version)),
    field(5, kv.value),
    number(6, kv.lease),
  ]);
}

function field(tag: number, value: Uint8Array): Buffer {
  if (value.length === 0) {
    return Buffer.alloc(0);
  }
  return Buffer.concat([Buffer.of(tag * 8 + 2), varint(BigInt(value.length)), value]);
}

function number(tag: number, value: bigint): Buffer {
  return value === 0n ? Buffer.alloc(0) : Buffer.concat([Buffer.of(tag * 8), varint(value)]);
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) {
    out.push(Number(rest & 127n) | 128);
  }
  out.push(Number(rest));
  return Buffer.from(out);
}

/** HashKV at a revision of a store that was compacted at another; -1 for never. */
function hashOf(
  history: readonly StoredRow[],
  { revision, compactRevision }: { readonly revision: number; readonly compactRevision: number },
): number {
  const newest = new Map<string, StoredRow>();
  for (const row of history) {
    if (row.revision <= revision) {
      newest.set(row.key, row);
    }
  }
  const keep = new Set([...newest.values()].filter((row) => !row.tombstone));
  const rows = history.filter((row) => {
    if (row.revision > revision || (row.revision === compactRevision && row.tombstone)) {
      return false;
    }
    return row.revision > compactRevision || keep.size === 0 || keep.has(row);
  });
  return crc32c(Buffer.concat([Buffer.from("key"), ...rows.map(({ data }) => data)]));
}

/** CRC-32 with Castagnoli's polynomial, reflected. */
function crc32c(data: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
    }
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** A little of everything that makes rows. */
async function makeHistory(client: Client): Promise<void> {
  const lease = { lease: (await client.lease.grant(600, { id: 77n })).id };
  const negative = { lease: (await client.lease.grant(600, { id: -77n })).id };
  await client.kv.put("a", "1");
  await client.kv.put("a", "");
  await client.kv.put("leased", "1", lease);
  await client.kv.put("negative", "1", negative);
  await client.kv.put("gone", "1");
  await client.kv.put(Uint8Array.of(0xff, 0, 0x80), Uint8Array.of(0, 0xff));
  await client.kv.delete("gone");
  await client.kv
    .txn()
    .if(compare("none").version("=", 0))
    .then(op.put("t1", "1"), op.delete("a"), op.put("t2", "x".repeat(300)))
    .commit();
  await client.kv.put("a", "2");
  await client.kv.put("many1", "1");
  await client.kv.put("many2", "2");
  await client.kv.delete("many", { prefix: true });
  await client.kv.put("many2", "3");
  await client.lease.revoke(lease.lease);
  const put = client.kv.txn().then(op.put("hole", "1"));
  await client.kv
    .txn()
    .then(op.txn(put), op.txn(client.kv.txn().then(op.delete("hole"))))
    .commit();
}

export const hashTests: SuiteTests = {
  "HashKV is the hash of all rows": async ({ t, fresh }) => {
    const { client } = await fresh();
    await makeHistory(client);
    const revision = await currentRevision(client);
    const history = await readHistory(client);
    t.ok(history.length > 15, "there is something to hash");
    const answer = await client.maintenance.hashKV();
    t.equal(answer.hash, hashOf(history, { revision, compactRevision: -1 }));
    t.strictSame([answer.compactRevision, answer.hashRevision], [-1, revision]);
    t.equal(revisionOf(answer), revision);
  },

  "HashKV at a revision leaves out what came after": async ({ t, fresh }) => {
    const { client } = await fresh();
    await makeHistory(client);
    const history = await readHistory(client);
    const last = await currentRevision(client);
    for (let revision = 1; revision <= last; revision += 1) {
      const answer = await client.maintenance.hashKV(revision);
      t.equal(answer.hash, hashOf(history, { revision, compactRevision: -1 }), `at ${revision}`);
      t.strictSame([answer.hashRevision, revisionOf(answer)], [revision, last]);
    }
  },

  "HashKV of an empty store is the hash of nothing": async ({ t, fresh }) => {
    const { client } = await fresh();
    const { hash, hashRevision } = await client.maintenance.hashKV();
    t.strictSame([hash, hashRevision], [crc32c(bytes("key")), 1]);
  },

  "HashKV refuses the future and what is compacted": async ({ t, fresh }) => {
    const { client } = await fresh();
    await makeHistory(client);
    const last = await currentRevision(client);
    await refuses(t, client.maintenance.hashKV(last + 1), REFUSALS.future);
    await client.kv.compact(5, { physical: true });
    await refuses(t, client.maintenance.hashKV(4), REFUSALS.compacted);
    await refuses(t, client.maintenance.hashKV(1), REFUSALS.compacted);
    t.equal((await client.maintenance.hashKV(last)).compactRevision, 5);
  },

  "HashKV after a compaction is the hash of the rows that stay": async ({ t, fresh }) => {
    const { client } = await fresh();
    await makeHistory(client);
    const history = await readHistory(client);
    const last = await currentRevision(client);
    // Through every kind of change: at a put, at a delete, at a transaction.
    for (let compactRevision = 3; compactRevision < last; compactRevision += 1) {
      await client.kv.compact(compactRevision, { physical: true });
      for (let revision = compactRevision + 1; revision <= last; revision += 1) {
        const answer = await client.maintenance.hashKV(revision);
        const expected = hashOf(history, { revision, compactRevision });
        t.equal(answer.hash, expected, `compacted at ${compactRevision}, hashed at ${revision}`);
        t.equal(answer.compactRevision, compactRevision);
      }
    }
  },

  "HashKV at the compacted revision is the hash of just before the compaction": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    await makeHistory(client);
    const before = await client.maintenance.hashKV(8);
    await client.kv.compact(8, { physical: true });
    const after = await client.maintenance.hashKV(8);
    t.equal(after.hash, before.hash);
    t.equal(after.compactRevision, -1, "which was never compacted");
    await client.kv.compact(10, { physical: true });
    t.equal((await client.maintenance.hashKV(10)).compactRevision, 8, "or compacted before");
  },

  "HashKV at the compacted revision is computed anew after a restart": async (scene) => {
    const { t, fresh } = scene;
    const own = await fresh();
    await makeHistory(own.client);
    const history = await readHistory(own.client);
    const compactRevision = 9;
    await own.client.kv.compact(compactRevision, { physical: true });
    await own.restart();
    const answer = await own.client.maintenance.hashKV(compactRevision);
    t.equal(answer.compactRevision, compactRevision);
    t.equal(answer.hash, hashOf(history, { revision: compactRevision, compactRevision }));
    const revision = await currentRevision(own.client);
    const newest = await own.client.maintenance.hashKV();
    t.equal(newest.hash, hashOf(history, { revision, compactRevision }));
  },

  "Hash is a number that changes with the store": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.kv.put("a", "1");
    const first = await client.maintenance.hash();
    t.equal(revisionOf(first), await currentRevision(client));
    t.equal((await client.maintenance.hash()).hash, first.hash, "the same while nothing changes");
    await client.kv.put("a", "2");
    t.not((await client.maintenance.hash()).hash, first.hash);
  },
};
