import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { BoltFile, StoreExport } from "../../src/snapshot/index.ts";
import type { Store } from "../../src/mvcc/index.ts";
import { commit, compactNow, deleting, putting, withStore } from "../harness/store-fixture.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const MEMBER = {
  memberId: 2n ** 63n + 5n,
  term: 4,
  appliedIndex: 77,
  name: 'a "name"',
  peerUrls: ["http://localhost:2380"],
  clientUrls: [],
};

async function written(t: Parameters<typeof tempDirectory>[0], taken: StoreExport) {
  const plan = await taken.plan();
  const pages: Buffer[] = [];
  for await (const page of plan.pages()) pages.push(page);
  await taken.close();
  const path = join(await tempDirectory(t), "db");
  await writeFile(path, Buffer.concat(pages));
  const file = BoltFile.open(path);
  t.teardown(() => file.close());
  return file;
}

function revisions(file: BoltFile): number[] {
  return [...file.rows("key")].map(({ key }) => Number(key.readBigUInt64BE(0)));
}

t.test("StoreExport has what was there when it was made, and nothing of later", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "1"), putting("a", "2"), putting("b"));
    const taken = new StoreExport(store, MEMBER);
    await commit(store, deleting("a"), putting("c"));
    await compactNow(store, 5);
    const file = await written(t, taken);
    t.strictSame(revisions(file), [2, 3, 4]);
    t.equal(file.get("meta", "finishedCompactRev"), undefined);
    t.strictSame(revisions(await written(t, new StoreExport(store, MEMBER))), [4, 5, 6]);
  });
});

t.test("StoreExport tells of a compaction that is under way", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a", "1"), putting("a", "2"), putting("a", "3"));
    await compactNow(store, 2);
    await commit(store, (txn) => txn.compact(4));
    const file = await written(t, new StoreExport(store, MEMBER));
    t.equal(file.get("meta", "scheduledCompactRev")?.readBigUInt64BE(0), 4n);
    t.equal(file.get("meta", "finishedCompactRev")?.readBigUInt64BE(0), 2n);
  });
});

t.test("StoreExport describes the member, ids in all 64 bits", async (t) => {
  await withStore(async (store) => {
    const file = await written(t, new StoreExport(store, MEMBER));
    t.equal(
      file.get("members", "8000000000000005")?.toString(),
      '{"id":9223372036854775813,"peerURLs":["http://localhost:2380"],"name":"a \\"name\\"","clientURLs":[]}',
    );
    t.equal(file.get("meta", "consistent_index")?.readBigUInt64BE(0), 77n);
    t.equal(file.get("meta", "term")?.readBigUInt64BE(0), 4n);
  });
});

t.test("StoreExport.plan() lets others have their turn", async (t) => {
  await withStore(async (store: Store) => {
    await commit(store, ...Array.from({ length: 2000 }, (_, index) => putting(`k${index}`)));
    let turns = 0;
    const count = (): void => {
      turns++;
      if (turns < 1000) setImmediate(count);
    };
    setImmediate(count);
    const taken = new StoreExport(store, MEMBER);
    await taken.plan();
    t.ok(turns >= 4, `${String(turns)} turns of the event loop`);
    turns = 1000;
    await taken.close();
  });
});

t.test("StoreExport.close() ends reading before its end", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a"));
    const taken = new StoreExport(store, MEMBER);
    await taken.close();
    const { sizeBytes } = await taken.plan();
    t.equal(sizeBytes, 3 * 4096, "no row is found any more");
  });
});
