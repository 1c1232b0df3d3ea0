import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { View } from "../../../src/mvcc/index.ts";
import { holds } from "../../../src/server/txn/compare.ts";
import { messages } from "../../../src/wire/index.ts";
import { commit, putting, withStore } from "../../harness/store-fixture.ts";
import { bytes } from "../server-fixture.ts";

const { CompareResult, CompareTarget } = messages;
const RESULTS = Object.values(CompareResult);

/** a: created 2, changed 4, version 2, value "m", lease 7. b: made at 3, value "z". */
async function withView(body: (view: View) => void, valueBytesMax?: number): Promise<void> {
  await withStore(
    async (store) => {
      await commit(store, (txn) => {
        txn.grantLease(7n, 10, 10_000);
      });
      await commit(store, putting("a", "x"), putting("b", "z"), putting("a", "m", 7n));
      body(store.view());
    },
    valueBytesMax === undefined ? {} : { valueBytesMax },
  );
}

function check(view: View, compare: messages.CompareInit): boolean {
  return holds(messages.decodeCompare(messages.encodeCompare(compare)), view);
}

function truth(result: number, order: number): boolean {
  if (result === CompareResult.equal) return order === 0;
  if (result === CompareResult.notEqual) return order !== 0;
  return result === CompareResult.greater ? order > 0 : order < 0;
}

t.test("holds() compares each number of a key by each result", async (t) => {
  const targets = [
    [CompareTarget.version, "version", 2],
    [CompareTarget.create, "createRevision", 2],
    [CompareTarget.mod, "modRevision", 4],
  ] as const;
  const property = fc.property(
    fc.constantFrom(...targets),
    fc.constantFrom(...RESULTS),
    fc.integer({ min: -2, max: 6 }),
    fc.boolean(),
    ([target, field, actual], result, operand, missing) => {
      const key = bytes(missing ? "missing" : "a");
      const expected = truth(result, (missing ? 0 : actual) - operand);
      assert.equal(check(view!, { key, target, result, [field]: operand }), expected);
    },
  );
  let view: View | undefined;
  await withView((made) => {
    view = made;
    t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
  });
});

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(
    `holds() compares values bytewise, ${String(valueBytesMax)} bytes in memory`,
    async (t) => {
      await withView((view) => {
        const target = CompareTarget.value;
        for (const result of RESULTS) {
          for (const operand of ["a", "m", "m\0", "\xff", ""]) {
            const order = Buffer.compare(bytes("m"), bytes(operand));
            const found = check(view, { key: bytes("a"), target, result, value: bytes(operand) });
            t.equal(found, truth(result, order), `${String(result)} ${JSON.stringify(operand)}`);
          }
        }
      }, valueBytesMax);
    },
  );
}

t.test("holds() for the value of a missing key is false, whatever is asked", async (t) => {
  await withView((view) => {
    for (const result of [...RESULTS, 99]) {
      const key = bytes("missing");
      t.equal(check(view, { key, target: CompareTarget.value, result }), false);
      const range = { key, rangeEnd: bytes("n"), target: CompareTarget.value, result };
      t.equal(check(view, range), false);
    }
  });
});

t.test("holds() compares leases as signed numbers", async (t) => {
  await withView((view) => {
    const target = CompareTarget.lease;
    for (const result of RESULTS) {
      for (const [key, actual] of [
        ["a", 7n],
        ["b", 0n],
        ["missing", 0n],
      ] as const) {
        for (const operand of [-5n, 0n, 7n, 9n]) {
          const order = actual === operand ? 0 : actual < operand ? -1 : 1;
          const found = check(view, { key: bytes(key), target, result, lease: operand });
          t.equal(found, truth(result, order));
        }
      }
    }
  });
});

t.test("holds() for a range wants it of every key in it", async (t) => {
  await withView((view) => {
    const all = { key: bytes("a"), rangeEnd: bytes("\0"), target: CompareTarget.mod };
    const check2 = (result: number, modRevision: number): boolean =>
      check(view, { ...all, result: result as messages.CompareResult, modRevision });
    t.equal(check2(CompareResult.greater, 2), true);
    t.equal(check2(CompareResult.greater, 3), false);
    t.equal(check2(CompareResult.notEqual, 4), false, "each key by itself");
    t.equal(check2(CompareResult.notEqual, 5), true);
    const empty = { ...all, key: bytes("x"), rangeEnd: bytes("y") };
    t.equal(check(view, { ...empty, result: CompareResult.equal, modRevision: 0 }), true);
    t.equal(check(view, { ...empty, result: CompareResult.greater, modRevision: 0 }), false);
    const inverted = { ...all, key: bytes("b"), rangeEnd: bytes("a") };
    t.equal(check(view, { ...inverted, result: CompareResult.equal, modRevision: 0 }), true);
  });
});

t.test("holds() takes unknown targets as equal, unknown results as true", async (t) => {
  await withView((view) => {
    const key = bytes("a");
    const target = 99 as messages.CompareTarget;
    t.equal(check(view, { key, target, result: CompareResult.equal }), true);
    t.equal(check(view, { key, target, result: CompareResult.notEqual }), false);
    const result = 99 as messages.CompareResult;
    t.equal(check(view, { key, target: CompareTarget.mod, result, modRevision: 1 }), true);
  });
});

t.test("holds() takes an operand of another kind as zero", async (t) => {
  await withView((view) => {
    const key = bytes("missing");
    const compare = { key, target: CompareTarget.mod, result: CompareResult.equal };
    t.equal(check(view, { ...compare, version: 5 }), true);
    t.equal(check(view, { ...compare, modRevision: 5 }), false);
    const value = { key: bytes("a"), target: CompareTarget.value, result: CompareResult.greater };
    t.equal(check(view, { ...value, version: 5 }), true, "m is above nothing");
  });
});
