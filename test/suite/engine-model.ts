/** Random use of an Engine beside a sorted array that does the same. Part of suite/engine.ts. */

import fc from "fast-check";
import type { Test } from "tap";
import type { Engine, EngineSnapshot, Row } from "../../src/storage/index.ts";
import { allRows, bytes, collect, everything, text } from "./engine-rows.ts";
import type { EngineSubject } from "./engine-rows.ts";

type Change = readonly [key: string, value: string | undefined];
type Step =
  | { readonly kind: "write"; readonly changes: readonly Change[] }
  | { readonly kind: "scan"; readonly start: string; readonly end: string; readonly rows: number }
  | { readonly kind: "get"; readonly keys: readonly string[] }
  | { readonly kind: "hold" | "defragment" | "reopen" };

/** A reading begun, and a snapshot taken, when there were those rows. */
interface Held {
  readonly scan: AsyncIterable<Row[]>;
  readonly snapshot: EngineSnapshot;
  readonly rows: [string, string][];
}

/** Few letters, so that keys meet; lengths that make prefixes of one another. */
const KEY = fc.array(fc.constantFrom("\0", "a", "b", "\x7f", "\x80", "\xfe"), {
  minLength: 1,
  maxLength: 5,
});
const KEY_TEXT = KEY.map((letters) => letters.join(""));
const VALUE = fc.string({ maxLength: 20, unit: "binary-ascii" });
const CHANGE: fc.Arbitrary<Change> = fc.tuple(
  KEY_TEXT,
  fc.option(VALUE, { nil: undefined, freq: 3 }),
);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      changes: fc.array(CHANGE, { maxLength: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("scan" as const),
      start: KEY_TEXT,
      end: KEY_TEXT,
      rows: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("get" as const), keys: fc.array(KEY_TEXT) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "hold" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "defragment" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

/** Adds the property to the subject's tests. */
export function testModel(t: Test, subject: EngineSubject): void {
  void t.test("Engine agrees with a sorted array", async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 60 }), async (steps) => {
        await runModel(t, subject, steps);
      }),
      { numRuns: subject.modelRuns },
    );
  });
}

async function runModel(t: Test, subject: EngineSubject, steps: readonly Step[]): Promise<void> {
  let engine = await subject.open();
  let model = new Map<string, string>();
  let held: Held[] = [];
  const checkHeld = async (): Promise<void> => {
    for (const { scan, snapshot, rows } of held) {
      same(t, (await collect(scan)).rows, rows);
      await checkSnapshot(t, snapshot, rows);
      await snapshot.close();
    }
    held = [];
  };
  for (const step of steps) {
    if (step.kind === "write") {
      await writeChanges(engine, step.changes);
      model = changed(model, step.changes);
    } else if (step.kind === "scan") {
      const range = { start: bytes(step.start), end: bytes(step.end), pageRows: step.rows };
      const { rows, pages } = await collect(engine.scan(range));
      same(
        t,
        rows,
        sorted(model).filter(([key]) => key >= step.start && key < step.end),
      );
      same(
        t,
        pages.filter((count) => count > step.rows),
        [],
      );
    } else if (step.kind === "get") {
      const expected = step.keys.map((key) => model.get(key));
      const many = await engine.getMany(step.keys.map(bytes));
      const single = step.keys.map((key) => engine.getSync(bytes(key)));
      same(
        t,
        many.map((value) => value && text(value)),
        expected,
      );
      same(
        t,
        single.map((value) => value && text(value)),
        expected,
      );
    } else if (step.kind === "hold") {
      const snapshot = engine.snapshot();
      held.push({ scan: engine.scan(everything(3)), snapshot, rows: sorted(model) });
    } else if (step.kind === "defragment") {
      await engine.defragment();
    } else if (subject.reopen !== undefined) {
      await checkHeld();
      engine = await subject.reopen(engine);
    }
  }
  await checkHeld();
  same(t, await allRows(engine), sorted(model));
  await engine.close();
}

async function checkSnapshot(
  t: Test,
  snapshot: EngineSnapshot,
  rows: readonly [string, string][],
): Promise<void> {
  same(t, (await collect(snapshot.scan(everything(4)))).rows, rows);
  const keys = [...rows.map(([key]) => key), "not there", "a"].map(bytes);
  const expected = keys.map((key) => rows.find(([other]) => other === text(key))?.[1]);
  const many = (await snapshot.getMany(keys)).map((value) => value && text(value));
  const single = keys.map((key) => snapshot.getSync(key)).map((value) => value && text(value));
  same(t, many, expected);
  same(t, single, expected);
}

/** An assertion only where it fails: a property makes thousands, and all are told the reporter. */
function same(t: Test, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  t.same(found, wanted);
  throw new Error("The engine does not agree with the model");
}

async function writeChanges(engine: Engine, changes: readonly Change[]): Promise<void> {
  const batch = engine.batch();
  for (const [key, value] of changes) {
    if (value === undefined) batch.delete(bytes(key));
    else batch.put(bytes(key), bytes(value));
  }
  await batch.write();
}

function changed(model: Map<string, string>, changes: readonly Change[]): Map<string, string> {
  const next = new Map(model);
  for (const [key, value] of changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

function sorted(model: ReadonlyMap<string, string>): [string, string][] {
  return [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
