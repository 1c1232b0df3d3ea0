import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { openBackup } from "../../src/snapshot/database-rows.ts";
import { StoreExport } from "../../src/snapshot/index.ts";
import type { Store } from "../../src/mvcc/index.ts";
import type { Engine } from "../../src/storage/index.ts";
import {
  commit,
  compactNow,
  deleting,
  openStore,
  plainKeyValue,
  putting,
  queryOf,
  rangeOf,
  withStore,
} from "../harness/store-fixture.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

/** A store of which a server may be started, as a file. */
async function backupOf(t: Test, fill: (store: Store) => Promise<unknown>): Promise<string> {
  const path = join(await tempDirectory(t), "db");
  await withStore(async (store) => {
    await fill(store);
    const member = {
      name: "",
      memberId: 1n,
      term: 2,
      appliedIndex: 3,
      peerUrls: [],
      clientUrls: [],
    };
    const taken = new StoreExport(store, member);
    const pages: Buffer[] = [];
    for await (const page of (await taken.plan()).pages()) pages.push(page);
    await taken.close();
    await writeFile(path, Buffer.concat(pages));
  });
  return path;
}

async function rowsIn(engine: Engine): Promise<string[]> {
  const rows: string[] = [];
  const range = { start: Buffer.of(0), end: Buffer.of(0xff), pageRows: 2 };
  for await (const page of engine.scan(range)) {
    t.ok(page.length <= 2);
    rows.push(...page.map(([key, value]) => Buffer.concat([key, value]).toString("hex")));
  }
  return rows;
}

t.test("openBackup() serves all revisions of a file, which stays as it is", async (t) => {
  const path = await backupOf(t, async (store) => {
    await commit(store, putting("a", "1"), putting("a", "2"), deleting("a"), putting("b", "3"));
  });
  const before = await readFile(path);
  const backup = await openBackup(path);
  const store = await openStore(backup.engine);
  const at = async (revision: number): Promise<string[]> => {
    const { kvs } = await rangeOf(store, queryOf({ revision }));
    return kvs.map((kv) => `${plainKeyValue(kv).key}=${plainKeyValue(kv).value}`);
  };
  t.strictSame(
    [await at(2), await at(3), await at(4), await at(5)],
    [["a=1"], ["a=2"], [], ["b=3"]],
  );
  await commit(store, putting("c", "4"), deleting("b"));
  t.strictSame(await at(7), ["c=4"]);
  t.strictSame(await at(5), ["b=3"]);
  await compactNow(store, 6);
  t.strictSame(await at(6), ["b=3", "c=4"]);
  await store.checkConsistency();
  await store.close();
  await backup.engine.close();
  await backup.close();
  t.ok((await readFile(path)).equals(before));
});

t.test("DatabaseRows has the rows that a store in memory has", async (t) => {
  let expected: string[] = [];
  const path = await backupOf(t, async (store) => {
    await commit(store, putting("a", "1"), (txn) => {
      txn.put("b", Buffer.from("b"), Buffer.from("2"), 0n);
      txn.put("c", Buffer.from("c"), Buffer.alloc(9000), 0n);
    });
    await commit(store, deleting("a"), (txn) => void txn.grantLease(-7n, 100, 0));
    const member = { memberId: 1n, clusterId: 1n };
    await commit(store, (txn) => txn.putIdentity(member));
    for await (const page of store.scanTable("revision", 10)) {
      expected = page.map(([key, value]) => Buffer.concat([key, value]).toString("hex"));
    }
  });
  const { engine, close } = await openBackup(path);
  t.teardown(close);
  const revisions = (await rowsIn(engine)).filter((row) => row.startsWith("4b"));
  t.strictSame(revisions, expected);
  for (const row of revisions) {
    const key = Buffer.from(row.slice(0, 26), "hex");
    const value = row.slice(26);
    t.equal(Buffer.from(engine.getSync(key) ?? []).toString("hex"), value);
    const [many, none] = await engine.getMany([key, Buffer.from("4b", "hex")]);
    t.equal(Buffer.from(many ?? []).toString("hex"), value);
    t.equal(none, undefined);
    const part: string[] = [];
    for await (const page of engine.scan({ start: key, end: Buffer.of(0x4c), pageRows: 1 })) {
      part.push(...page.map(([each]) => each.toString()));
    }
    t.equal(part.length, revisions.length - revisions.indexOf(row));
  }
  t.equal(engine.getSync(Buffer.from(`4b${"00".repeat(7)}09${"00".repeat(4)}`, "hex")), undefined);
});
