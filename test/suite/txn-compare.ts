/** Txn: conditions. */
import { compare } from "../../src/client/index.ts";
import type { Client, CompareOperator, Comparison } from "../../src/client/index.ts";
import { bytes, REFUSALS, refuses, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const OPERATORS: readonly CompareOperator[] = ["=", "!=", "<", ">"];

async function holds(client: Client, comparison: Comparison): Promise<boolean> {
  return (await client.kv.txn().if(comparison).commit()).succeeded;
}

/** The operators for which a condition holds. */
async function holding(
  client: Client,
  make: (operator: CompareOperator) => Comparison,
): Promise<string> {
  const found: string[] = [];
  for (const operator of OPERATORS) {
    if (await holds(client, make(operator))) {
      found.push(operator);
    }
  }
  return found.join(" ");
}

export const txnCompareTests: SuiteTests = {
  "Compare of the version is with the number of puts": async ({ t, client, prefix }) => {
    const key = compare(`${prefix}a`);
    await client.kv.put(`${prefix}a`, "1");
    await client.kv.put(`${prefix}a`, "2");
    t.equal(await holding(client, (o) => key.version(o, 1)), "!= >");
    t.equal(await holding(client, (o) => key.version(o, 2)), "=");
    t.equal(await holding(client, (o) => key.version(o, 3)), "!= <");
  },

  "Compare of the create and the mod revision is with those": async (scene) => {
    const { t, client, prefix } = scene;
    const key = compare(`${prefix}a`);
    const created = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    const changed = revisionOf(await client.kv.put(`${prefix}a`, "2"));
    t.equal(await holding(client, (o) => key.createRevision(o, created)), "=");
    t.equal(await holding(client, (o) => key.createRevision(o, changed)), "!= <");
    t.equal(await holding(client, (o) => key.modRevision(o, changed)), "=");
    t.equal(await holding(client, (o) => key.modRevision(o, created)), "!= >");
  },

  "Compare of the value goes byte by byte": async ({ t, client, prefix }) => {
    const key = compare(`${prefix}a`);
    await client.kv.put(`${prefix}a`, Uint8Array.of(0x61, 0x80));
    t.equal(await holding(client, (o) => key.value(o, Uint8Array.of(0x61, 0x80))), "=");
    t.equal(await holding(client, (o) => key.value(o, Uint8Array.of(0x61, 0x7f))), "!= >");
    t.equal(await holding(client, (o) => key.value(o, Uint8Array.of(0x61, 0xff))), "!= <");
    t.equal(await holding(client, (o) => key.value(o, Uint8Array.of(0x61))), "!= >");
    t.equal(await holding(client, (o) => key.value(o, "")), "!= >");
  },

  "Compare of the lease is with its id, signed": async ({ t, client, prefix }) => {
    const key = compare(`${prefix}a`);
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "v", { lease: id });
    t.equal(await holding(client, (o) => key.lease(o, id)), "=");
    t.equal(await holding(client, (o) => key.lease(o, id + 1n)), "!= <");
    t.equal(await holding(client, (o) => key.lease(o, 0n)), "!= >");
    t.equal(await holding(client, (o) => key.lease(o, -1n)), "!= >");
    await client.lease.revoke(id);
  },

  "Compare of a missing key is with zeros": async ({ t, client, prefix }) => {
    const key = compare(`${prefix}none`);
    t.equal(await holding(client, (o) => key.version(o, 0)), "=");
    t.equal(await holding(client, (o) => key.createRevision(o, 0)), "=");
    t.equal(await holding(client, (o) => key.modRevision(o, 0)), "=");
    t.equal(await holding(client, (o) => key.lease(o, 0n)), "=");
    t.equal(await holding(client, (o) => key.version(o, 1)), "!= <");
    t.equal(await holding(client, (o) => key.modRevision(o, -1)), "!= >");
  },

  "Compare of a missing key's value never holds": async ({ t, client, prefix }) => {
    const key = compare(`${prefix}none`);
    t.equal(await holding(client, (o) => key.value(o, "")), "");
    t.equal(await holding(client, (o) => key.value(o, "v")), "");
  },

  "Compare of a deleted key is as of one that never was": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "v");
    await client.kv.delete(`${prefix}a`);
    t.equal(await holding(client, (o) => compare(`${prefix}a`).version(o, 0)), "=");
    t.equal(await holding(client, (o) => compare(`${prefix}a`).value(o, "v")), "");
  },

  "Compare of a range must hold for every key of it": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    await client.kv.put(`${prefix}b`, "1");
    await client.kv.put(`${prefix}b`, "2");
    const all = compare(prefix, { prefix: true });
    t.equal(await holding(client, (o) => all.version(o, 0)), "!= >");
    t.equal(await holding(client, (o) => all.version(o, 1)), "");
    t.equal(await holding(client, (o) => all.version(o, 3)), "!= <");
    t.equal(await holding(client, (o) => all.value(o, "3")), "!= <");
    const some = compare(`${prefix}a`, { rangeEnd: `${prefix}b` });
    t.equal(await holding(client, (o) => some.version(o, 1)), "=", "range_end is left out");
  },

  "Compare of an empty range is with zeros, and false for values": async (scene) => {
    const { t, client, prefix } = scene;
    const none = compare(prefix, { prefix: true });
    t.equal(await holding(client, (o) => none.version(o, 0)), "=");
    t.equal(await holding(client, (o) => none.modRevision(o, 5)), "!= <");
    t.equal(await holding(client, (o) => none.value(o, "")), "");
    const inverted = compare(`${prefix}b`, { rangeEnd: `${prefix}a` });
    t.equal(await holding(client, (o) => inverted.version(o, 0)), "=");
  },

  "Compare with range_end of a zero byte goes to the end of all keys": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.kv.put("b", "1");
    await client.kv.put("z", "1");
    await client.kv.put("z", "2");
    t.equal(await holds(client, compare("b", { fromKey: true }).version("=", 1)), false);
    t.equal(await holds(client, compare("b", { fromKey: true }).version(">", 0)), true);
    t.equal(await holds(client, compare("zz", { fromKey: true }).version("=", 0)), true);
  },

  "Compare without a key is refused": async ({ t, client, prefix }) => {
    const missing = client.unary("txn", { compare: [{}] });
    await refuses(t, missing, REFUSALS.emptyKey);
    const key = bytes(prefix);
    const second = client.unary("txn", { compare: [{ key }, { rangeEnd: key }] });
    await refuses(t, second, REFUSALS.emptyKey);
  },

  "Compare without an operand of its target is with zero or nothing": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}a`, "1");
    await client.kv.put(`${prefix}empty`, "");
    const raw = async (comparison: Comparison): Promise<boolean> => await holds(client, comparison);
    const key = bytes(`${prefix}a`);
    // Target version (0), operator greater (1), but the operand is of another target.
    t.equal(await raw({ key, target: 0, result: 1, modRevision: 1_000_000 }), true);
    t.equal(await raw({ key, target: 0, result: 0, value: bytes("1") }), false);
    t.equal(await raw({ key, target: 3, result: 0, version: 1 }), false);
    const empty = bytes(`${prefix}empty`);
    t.equal(await raw({ key: empty, target: 3, result: 0, version: 1 }), true);
  },

  "Compare of an unknown target counts as equal": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    const key = bytes(`${prefix}a`);
    const results: boolean[] = [];
    for (const result of [0, 1, 2, 3]) {
      results.push(await holds(client, { key, target: 9, result, version: 7 }));
    }
    t.strictSame(results, [true, false, false, false], "equal, greater, less, not equal");
  },

  "Compare with an unknown operator holds": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    const key = bytes(`${prefix}a`);
    t.equal(await holds(client, { key, target: 0, result: 9, version: 7 }), true);
    t.equal(await holds(client, { key, target: 3, result: 9, value: bytes("zzz") }), true);
  },
};
