import { readdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { tempDirectory } from "../../harness/temp-dir.ts";
import { fakeServer } from "./fake-terminal.ts";

t.test("snapshot saves, tells, restores and exports", async (t) => {
  const folder = await tempDirectory(t);
  const server = await fakeServer(t);
  await server.output("put a 1");
  const saved = join(folder, "saved.db");
  t.match(await server.output(`snapshot save ${saved}`), /^Snapshot saved at .*saved.db\nServer/u);
  t.match(await server.output(`snapshot status ${saved}`), /^[\da-f]+, 2, 1, 12 kB, 3\.7\.0\n$/u);
  t.match(await server.output(`snapshot status ${saved} -w table`), /│ +HASH +│ REVISION │ TOTAL/u);
  t.match(JSON.parse(await server.output(`snapshot status ${saved} -w json`)), {
    revision: 2,
    totalKey: 1,
    totalSize: 12_288,
    version: "3.7.0",
  });
  t.match(await server.output(`snapshot status ${saved} -w fields`), /^"Keys" : 1$/mu);
  const dataDir = join(folder, "data");
  t.equal(
    await server.output(`snapshot restore ${saved} --data-dir ${dataDir}`),
    `Restored to ${dataDir}, revision 2\n`,
  );
  const exported = join(folder, "exported.db");
  t.equal(
    await server.output(`snapshot export ${dataDir} ${exported}`),
    `Snapshot saved at ${exported}\n`,
  );
  t.match(await server.output(`snapshot status ${exported}`), /, 2, 1, 12 kB, 3\.7\.0\n$/u);
  const bumped = `snapshot restore ${saved} --data-dir ${join(folder, "bumped")}`;
  t.match(await server.output(`${bumped} --bump-revision 98 --mark-compacted`), /revision 100\n$/u);
});

t.test("snapshot says what it cannot do, and does nothing", async (t) => {
  const folder = await tempDirectory(t);
  const server = await fakeServer(t);
  const restore = `snapshot restore README.md --data-dir ${join(folder, "data")}`;
  const cases = [
    ["snapshot restore", 128, "snapshot restore requires exactly one argument"],
    ["snapshot status a b", 128, "snapshot status requires exactly one argument"],
    ["snapshot export a", 128, "snapshot export requires exactly two arguments"],
    [`${restore} --mark-compacted`, 128, "--mark-compacted required if --revision-bump > 0"],
    [`${restore} --bump-revision 1`, 128, "--mark-compacted required if --revision-bump > 0"],
    [`${restore} --bump-revision -1 --mark-compacted`, 128, "must not be negative"],
    [`${restore} --name other`, 1, `couldn't find local name "other" in the initial cluster`],
    [restore, 1, "snapshot missing hash but --skip-hash-check=false"],
    [`${restore} --skip-hash-check`, 1, "has no valid meta page of bbolt"],
    ["snapshot status README.md", 1, "has no valid meta page of bbolt"],
    [`snapshot status ${folder}`, 1, "has no member/snap/db of an etcd"],
    ["snapshot status /none", 1, "no such file"],
  ] as const;
  for (const [line, code, problem] of cases) {
    const outcome = await server.run(line);
    t.strictSame([outcome.code, outcome.output], [code, ""], line);
    t.ok(outcome.errors.includes(problem), outcome.errors);
  }
  t.strictSame(await readdir(folder), []);
});
