/** A store that is full gets its space back by a compaction alone. */
import { randomBytes } from "node:crypto";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import type { Client } from "../../src/client/index.ts";
import { EtcdError, SILENT_LOGGER } from "../../src/wire/index.ts";
import type { LogFields } from "../../src/wire/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { revisionOf } from "./embedded.ts";

const QUOTA_BYTES = 32 * 1024 * 1024;
/** Beside what is in use: the log of LevelDB, and tables to be merged. */
const SLACK_BYTES = 4 * 1024 * 1024;
const KEY_COUNT = 20;
const VALUE_BYTES = 50_000;
const RECLAIMED = "gave back space of compacted revisions";

interface Full {
  readonly etcd: Etcd;
  readonly client: Client;
  /** Resolves with the fields of the next line that says that space was given back. */
  readonly reclaimed: () => Promise<LogFields | undefined>;
}

async function start(t: Test, dataDir: string): Promise<Full> {
  let tell: (fields: LogFields | undefined) => void = () => undefined;
  const logger = {
    ...SILENT_LOGGER,
    info: (message: string, fields?: LogFields) => {
      if (message === RECLAIMED) tell(fields);
    },
  };
  const etcd = await Etcd.start({
    dataDir,
    logger,
    unsafeNoFsync: true,
    quotaBackendBytes: QUOTA_BYTES,
  });
  t.teardown(() => etcd.stop());
  const reclaimed = async (): Promise<LogFields | undefined> =>
    new Promise((resolve) => {
      tell = resolve;
    });
  return { etcd, client: etcd.client, reclaimed };
}

/** Overwrites a few keys with what cannot be packed until there is no space; answers the last revision. */
async function fill({ kv }: Client): Promise<number> {
  let revision = 0;
  for (let count = 0; ; count++) {
    const key = `key-${String(count % KEY_COUNT)}`;
    try {
      revision = revisionOf(await kv.put(key, randomBytes(VALUE_BYTES)));
    } catch (error) {
      if (error instanceof EtcdError && error.reason === "noSpace") return revision;
      throw error;
    }
  }
}

async function disarm({ maintenance }: Client): Promise<void> {
  for (const alarm of await maintenance.alarms()) await maintenance.alarmDeactivate(alarm);
}

t.test("A full store is written to again after a compaction, without a defragment", async (t) => {
  const { client, reclaimed } = await start(t, await tempDirectory(t));
  const { kv, maintenance } = client;
  for (let round = 0; round < 2; round++) {
    const revision = await fill(client);
    const full = await maintenance.status();
    t.ok(full.dbSize > QUOTA_BYTES - SLACK_BYTES, "full");
    t.match(full.errors, [/alarm:NOSPACE/]);
    t.ok(full.dbSizeInUse > full.dbSize / 2, "by what is history still");
    const givenBack = reclaimed();
    await kv.compact(revision, { physical: true });
    const compacted = await maintenance.status();
    const livingBytes = KEY_COUNT * VALUE_BYTES;
    t.ok(Math.abs(compacted.dbSizeInUse - livingBytes) < livingBytes / 10, "in use: what lives");
    t.match(await givenBack, { "size-bytes": Number });
    const after = await maintenance.status();
    t.ok(after.dbSize < livingBytes + SLACK_BYTES, `size afterwards: ${String(after.dbSize)}`);
    t.ok(after.dbSizeInUse <= after.dbSize);
    await disarm(client);
    await kv.put("after", "1");
    t.equal((await kv.get("key-", { prefix: true })).count, KEY_COUNT);
    t.same(await maintenance.alarms(), []);
  }
});

t.test("What a stop kept from being given back is known after the start", async (t) => {
  const dataDir = await tempDirectory(t);
  const first = await start(t, dataDir);
  const revision = await fill(first.client);
  await first.client.kv.compact(revision, { physical: true });
  await first.etcd.stop();
  const { client, reclaimed } = await start(t, dataDir);
  const { dbSize, dbSizeInUse } = await client.maintenance.status();
  t.ok(dbSizeInUse < 2 * KEY_COUNT * VALUE_BYTES);
  if (dbSize > QUOTA_BYTES / 2) {
    const givenBack = reclaimed();
    await disarm(client);
    await client.kv.delete("key-0");
    await client.kv.compact(revision + 1);
    await givenBack;
  }
  t.ok((await client.maintenance.status()).dbSize < KEY_COUNT * VALUE_BYTES + SLACK_BYTES);
});

t.test("Defragment gives the space back too", async (t) => {
  const { client } = await start(t, await tempDirectory(t));
  const revision = await fill(client);
  await client.kv.compact(revision, { physical: true });
  await client.maintenance.defragment();
  const { dbSize } = await client.maintenance.status();
  t.ok(dbSize < KEY_COUNT * VALUE_BYTES + SLACK_BYTES, String(dbSize));
  await disarm(client);
  await client.kv.put("after", "1");
});

t.test("Small stores are left alone", async (t) => {
  const { client, reclaimed } = await start(t, await tempDirectory(t));
  let isReclaimed = false;
  void reclaimed().then(() => {
    isReclaimed = true;
  });
  let revision = 0;
  for (let count = 0; count < 100; count++) {
    revision = revisionOf(await client.kv.put("key", randomBytes(10_000)));
  }
  await client.kv.compact(revision, { physical: true });
  await client.kv.put("after", "1");
  t.equal(isReclaimed, false);
});
