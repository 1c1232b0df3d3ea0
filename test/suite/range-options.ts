/** Range: limit, order, and bounds on revisions, alone and together. */
import type { Client, GetOptions } from "../../src/client/index.ts";
import { keys, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

/** What a Range of everything under the prefix answers: keys, count, and more. */
async function get(
  { client, prefix }: { readonly client: Client; readonly prefix: string },
  options: GetOptions,
): Promise<[string, number, boolean]> {
  const answer = await client.kv.get(prefix, { prefix: true, ...options });
  return [keys(answer.kvs, prefix).join(" "), answer.count, answer.more];
}

/** Makes the keys in this order and returns the revision of each. */
async function make(
  { client, prefix }: { readonly client: Client; readonly prefix: string },
  pairs: readonly (readonly [key: string, value: string])[],
): Promise<number[]> {
  const revisions: number[] = [];
  for (const [key, value] of pairs) {
    revisions.push(revisionOf(await client.kv.put(prefix + key, value)));
  }
  return revisions;
}

/**
 * Five keys of which every target gives another order.
 *
 * by key a b c d e; by create c a e b d; by mod a e b d c; by version (a e b) d c ; by value e d c b a.
 */
async function makeOrders(scene: {
  readonly client: Client;
  readonly prefix: string;
}): Promise<void> {
  await make(scene, [
    ["c", "-"],
    ["a", "5"],
    ["e", "1"],
    ["b", "4"],
    ["d", "-"],
    ["d", "2"],
    ["c", "-"],
    ["c", "3"],
  ]);
}

export const rangeOptionsTests: SuiteTests = {
  "Range with a limit answers the first keys, the whole count, and more": async (scene) => {
    const { t } = scene;
    await make(
      scene,
      ["a", "b", "c", "d"].map((key) => [key, ""]),
    );
    t.strictSame(await get(scene, { limit: 2 }), ["a b", 4, true]);
    t.strictSame(await get(scene, { limit: 3 }), ["a b c", 4, true]);
    t.strictSame(await get(scene, { limit: 4 }), ["a b c d", 4, false], "exactly all: no more");
    t.strictSame(await get(scene, { limit: 5 }), ["a b c d", 4, false]);
  },

  "Range with a limit of zero or below has none": async (scene) => {
    const { t } = scene;
    await make(
      scene,
      ["a", "b", "c"].map((key) => [key, ""]),
    );
    t.strictSame(await get(scene, { limit: 0 }), ["a b c", 3, false]);
    t.strictSame(await get(scene, { limit: -1 }), ["a b c", 3, false]);
    t.strictSame(await get(scene, { limit: -99 }), ["a b c", 3, false]);
  },

  "Range sorts by every target, up and down": async (scene) => {
    const { t } = scene;
    await makeOrders(scene);
    const sorted = async (sortTarget: GetOptions["sortTarget"]): Promise<string[]> => [
      (await get(scene, { sortTarget, sortOrder: "ascend" }))[0],
      (await get(scene, { sortTarget, sortOrder: "descend" }))[0],
    ];
    t.strictSame(await sorted("key"), ["a b c d e", "e d c b a"]);
    t.strictSame(await sorted("create"), ["c a e b d", "d b e a c"]);
    t.strictSame(await sorted("mod"), ["a e b d c", "c d b e a"]);
    t.strictSame(await sorted("value"), ["e d c b a", "a b c d e"]);
    const [up = "", down = ""] = await sorted("version");
    t.match(up, /^[abe ]+ d c$/, "versions 1 1 1 2 3; equals in any order");
    t.match(down, /^c d [abe ]+$/);
  },

  "Range sorted without an order is in the order of keys": async (scene) => {
    const { t } = scene;
    await makeOrders(scene);
    t.strictSame(await get(scene, { sortOrder: "none" }), ["a b c d e", 5, false]);
  },

  "Range sorted by another target without an order ascends": async (scene) => {
    const { t } = scene;
    await makeOrders(scene);
    t.equal((await get(scene, { sortTarget: "create" }))[0], "c a e b d");
    t.equal((await get(scene, { sortTarget: "value" }))[0], "e d c b a");
  },

  "Range sorts before it cuts when the order is given": async (scene) => {
    const { t } = scene;
    await makeOrders(scene);
    const options = { sortTarget: "mod", limit: 2 } as const;
    t.strictSame(await get(scene, { ...options, sortOrder: "ascend" }), ["a e", 5, true]);
    t.strictSame(await get(scene, { ...options, sortOrder: "descend" }), ["c d", 5, true]);
    const byKey = { sortTarget: "key", sortOrder: "descend", limit: 2 } as const;
    t.strictSame(await get(scene, byKey), ["e d", 5, true]);
  },

  "Range sorts only the first limit + 1 keys when no order is given": async (scene) => {
    const { t } = scene;
    await make(scene, [
      ["s3", ""],
      ["s2", ""],
      ["s1", ""],
    ]);
    const options = { sortTarget: "mod", limit: 1 } as const;
    t.strictSame(await get(scene, options), ["s2", 3, true], "s1 and s2 were looked at");
    t.strictSame(await get(scene, { ...options, sortOrder: "ascend" }), ["s3", 3, true]);
  },

  "Range bounds on mod and create revisions include the bound": async (scene) => {
    const { t } = scene;
    const revisions = await make(scene, [
      ["a", ""],
      ["b", ""],
      ["c", ""],
      ["a", ""],
    ]);
    const [a = 0, b = 0, c = 0, a2 = 0] = revisions;
    t.strictSame(await get(scene, { minModRevision: c }), ["a c", 3, false]);
    t.strictSame(await get(scene, { minModRevision: a2 }), ["a", 3, false]);
    t.strictSame(await get(scene, { maxModRevision: c }), ["b c", 3, false]);
    t.strictSame(await get(scene, { maxModRevision: b }), ["b", 3, false]);
    t.strictSame(await get(scene, { minCreateRevision: b }), ["b c", 3, false]);
    t.strictSame(await get(scene, { maxCreateRevision: b }), ["a b", 3, false]);
    t.strictSame(await get(scene, { maxCreateRevision: a }), ["a", 3, false]);
    const all = { minModRevision: b, maxModRevision: c, minCreateRevision: c };
    t.strictSame(await get(scene, { ...all, maxCreateRevision: c }), ["c", 3, false]);
    t.strictSame(await get(scene, { minModRevision: a2 + 1 }), ["", 3, false]);
  },

  "Range counts what its revision bounds leave out, and more does not": async (scene) => {
    const { t } = scene;
    const revisions = await make(
      scene,
      ["a", "b", "c", "d", "e"].map((key) => [key, ""]),
    );
    const third = revisions[2] ?? 0;
    t.strictSame(await get(scene, { minModRevision: third, limit: 2 }), ["c d", 5, true]);
    t.strictSame(await get(scene, { minModRevision: third, limit: 3 }), ["c d e", 5, false]);
    t.strictSame(await get(scene, { maxCreateRevision: third, limit: 2 }), ["a b", 5, true]);
    t.strictSame(await get(scene, { maxCreateRevision: third, limit: 3 }), ["a b c", 5, false]);
  },

  "Range with a bound on revisions sorts all keys before it cuts": async (scene) => {
    const { t } = scene;
    const revisions = await make(scene, [
      ["s3", ""],
      ["s2", ""],
      ["s1", ""],
    ]);
    const options = { sortTarget: "mod", limit: 1, minModRevision: revisions[0] } as const;
    t.strictSame(await get(scene, options), ["s3", 3, true], "unlike without a bound");
  },

  "Range with keys_only and a bound leaves the values out": async (scene) => {
    const { t, client, prefix } = scene;
    const revisions = await make(scene, [
      ["a", "1"],
      ["b", "2"],
    ]);
    const answer = await client.kv.get(prefix, {
      prefix: true,
      keysOnly: true,
      minModRevision: revisions[1],
    });
    t.strictSame(
      answer.kvs.map(({ key, value }) => [key.toString(), value.length]),
      [[`${prefix}b`, 0]],
    );
  },

  "Range pages through everything by limit and the last key": async (scene) => {
    const { t, client, prefix } = scene;
    const names = Array.from(
      { length: 25 },
      (_none, index) => `k${String(index).padStart(2, "0")}`,
    );
    await make(
      scene,
      names.map((name) => [name, ""]),
    );
    const found: string[] = [];
    let from = prefix;
    for (let more = true; more;) {
      const end = { rangeEnd: `${prefix}~`, limit: 7 };
      const page = await client.kv.get(from, end);
      t.equal(page.count, names.length - found.length, "what is left");
      found.push(...keys(page.kvs, prefix));
      from = `${prefix}${found.at(-1) ?? ""}\u0000`;
      more = page.more;
    }
    t.strictSame(found, names);
  },
};
