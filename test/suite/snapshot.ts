/** Maintenance.Snapshot: how the file comes, and that it is the store of one moment. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../src/client/index.ts";
import { BoltFile } from "../../src/snapshot/index.ts";
import { latin1, messages } from "../../src/wire/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { currentRevision } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

const HASH_BYTES = 32;
/** Source: etcd server/etcdserver/api/v3rpc/maintenance.go, snapshotSendBufferSize. */
const BLOCK_BYTES = 32 * 1024;

export const snapshotTests: SuiteTests = {
  "Snapshot comes in blocks of 32 KiB that say what remains, a hash behind them": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}large`, Buffer.alloc(100_000, 7));
    const pieces = await piecesOf(client);
    const blocks = pieces.slice(0, -1);
    const hash = pieces.at(-1);
    const size = blocks.reduce((sum, { blob }) => sum + blob.length, 0);
    t.equal(size % 4096, 0, `whole pages: ${String(size)}`);
    t.ok(blocks.length > 3);
    t.ok(blocks.slice(0, -1).every(({ blob }) => blob.length === BLOCK_BYTES));
    let rest = size;
    for (const { blob, remainingBytes, version } of blocks) {
      rest -= blob.length;
      t.same({ remainingBytes, version }, { remainingBytes: rest, version: "3.7.0" });
    }
    const sum = createHash("sha256");
    for (const { blob } of blocks) sum.update(blob);
    t.equal(hash?.remainingBytes, 0);
    t.equal(Buffer.from(hash?.blob ?? []).toString("hex"), sum.digest("hex"));
  },

  "Snapshot has all buckets of etcd": async (scene) => {
    const file = await snapshotOf(scene, scene.client);
    scene.t.strictSame(file.bucketNames, [
      "alarm",
      "auth",
      "authRoles",
      "authUsers",
      "cluster",
      "key",
      "lease",
      "members",
      "members_removed",
      "meta",
    ]);
  },

  "Snapshot has every revision of every key, deletions, leases and compactions": async (scene) => {
    const { t } = scene;
    const { client } = await scene.fresh();
    await client.kv.put("a", "1");
    await client.kv.put("a", "2");
    await client.kv.delete("a");
    const { id } = await client.lease.grant(1000, { id: -5n });
    await client.kv.put("b", "3", { lease: id });
    await client.kv.compact(3, { physical: true });
    const file = await snapshotOf(scene, client);
    const rows = [...file.rows("key")].map(({ key, value }) => {
      const kv = messages.decodeKeyValue(value);
      const { modRevision, createRevision, version, lease } = kv;
      const numbers = { createRevision, modRevision, version, lease };
      return { row: key.toString("hex"), key: latin1(kv.key), value: latin1(kv.value), ...numbers };
    });
    const row = (main: number): string =>
      `${main.toString(16).padStart(16, "0")}5f${"0".repeat(16)}`;
    t.strictSame(rows, [
      {
        row: row(3),
        key: "a",
        value: "2",
        createRevision: 2,
        modRevision: 3,
        version: 2,
        lease: 0n,
      },
      {
        row: `${row(4)}74`,
        key: "a",
        value: "",
        createRevision: 0,
        modRevision: 0,
        version: 0,
        lease: 0n,
      },
      {
        row: row(5),
        key: "b",
        value: "3",
        createRevision: 5,
        modRevision: 5,
        version: 1,
        lease: -5n,
      },
    ]);
    const leases = [...file.rows("lease")].map(({ key, value }) => {
      const { id: leaseId, ttl } = messages.decodeLease(value);
      return { key: key.readBigInt64BE(0), leaseId, ttl };
    });
    t.strictSame(leases, [{ key: -5n, leaseId: -5n, ttl: 1000 }]);
    for (const name of ["scheduledCompactRev", "finishedCompactRev"]) {
      t.equal(file.get("meta", name)?.toString("hex"), row(3), name);
    }
  },

  "Snapshot says which member made it": async (scene) => {
    const { t, client } = scene;
    const file = await snapshotOf(scene, client);
    const { header } = await client.maintenance.status();
    const id = header?.memberId ?? 0n;
    const member = file.get("members", id.toString(16))?.toString() ?? "";
    t.ok(member.startsWith(`{"id":${String(id)},"peerURLs":["http://`), member);
    t.match(Object.keys(JSON.parse(member)), ["id", "peerURLs", "name", "clientURLs"]);
    const voters = file.get("meta", "confState")?.toString();
    t.equal(voters, `{"voters":[${String(id)}],"auto_leave":false}`);
    t.equal(file.get("meta", "storageVersion")?.toString(), "3.7.0");
    t.equal(file.get("cluster", "clusterVersion")?.toString(), "3.7.0");
    t.equal(file.get("meta", "term")?.readBigUInt64BE(0), BigInt(header?.raftTerm ?? 0));
  },

  "Snapshot has the alarms": async (scene) => {
    const { t } = scene;
    const { client } = await scene.fresh();
    await client.maintenance.alarmActivate({ memberId: 9n, alarm: "nospace" });
    await client.maintenance.alarmActivate({ memberId: 1n, alarm: "nospace" });
    const file = await snapshotOf(scene, client);
    const alarms = [...file.rows("alarm")].map(({ key }) => key.toString("hex"));
    t.strictSame(alarms, ["08011001", "08091001"]);
  },

  "Snapshot is of one moment while writes go on": async (scene) => {
    const { t, client, prefix } = scene;
    for (let index = 0; index < 200; index++) await client.kv.put(`${prefix}a`, "x".repeat(2000));
    const stream = client.maintenance.snapshot();
    const first = await stream.next();
    const between = await currentRevision(client);
    for (let index = 0; index < 200; index++) await client.kv.put(`${prefix}a`, "y".repeat(2000));
    const pieces = first.done === true ? [] : [first.value];
    for await (const piece of stream) pieces.push(piece);
    const file = await openPieces(scene, pieces);
    const rows = [...file.rows("key")];
    t.equal(rows.at(-1)?.key.readBigUInt64BE(0), BigInt(between));
  },

  "Snapshot ends where its caller goes away": async (scene) => {
    const { t, client, prefix } = scene;
    for (let index = 0; index < 20; index++) await client.kv.put(`${prefix}a`, "x".repeat(50_000));
    for await (const piece of client.maintenance.snapshot()) {
      t.equal(piece.blob.length, BLOCK_BYTES);
      break;
    }
    await client.kv.put(`${prefix}b`, "still here");
  },
};

async function piecesOf(client: Client): Promise<messages.SnapshotResponse[]> {
  const pieces: messages.SnapshotResponse[] = [];
  for await (const piece of client.maintenance.snapshot()) pieces.push(piece);
  return pieces;
}

async function snapshotOf(scene: Scene, client: Client): Promise<BoltFile> {
  return openPieces(scene, await piecesOf(client));
}

async function openPieces(
  { t }: Scene,
  pieces: readonly messages.SnapshotResponse[],
): Promise<BoltFile> {
  const path = join(await tempDirectory(t), "snapshot.db");
  const bytes = Buffer.concat(pieces.map(({ blob }) => blob));
  t.equal(bytes.length % 512, HASH_BYTES);
  await writeFile(path, bytes);
  const file = BoltFile.open(path);
  t.teardown(() => file.close());
  return file;
}
