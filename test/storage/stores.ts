/** Stores on disk to be damaged, and what tells whether the damage was found. */

import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { LevelEngine, StorageError } from "../../src/storage/index.ts";
import { allRows, write } from "../suite/engine-rows.ts";

/**
 * Copies the files of a store, which may be open: that is what a killed process leaves. Never
 * touches LOCK, because closing it would give up the lock of whoever has it in this process.
 */
export async function copyStore(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== "LOCK") await copyFile(join(from, name), join(to, name));
  }
}

/** Rows in a name's order, some of them too long for one block of the log. */
export function rowsOf(name: string, count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${name}${String(index).padStart(4, "0")}`,
      index % 16 === 5 ? noiseText(20_000, index) : noiseText(index % 90, index),
    ]),
  );
}

/** Latin1 text that cannot be packed, without a byte of zero; the same for the same seed. */
export function noiseText(byteCount: number, seed: number): string {
  const noise = Buffer.alloc(byteCount);
  const next = random(seed);
  for (let position = 0; position < byteCount; position++) noise[position] = 1 + next(255);
  return noise.toString("latin1");
}

/** Whole numbers from 0 to below a bound; the same for the same seed. */
export function random(seed: number): (bound: number) => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * bound);
  };
}

/** A store with rows in its log only, open. */
export async function openLogStore(directory: string): Promise<LevelEngine> {
  const engine = await LevelEngine.open({ directory, sync: true });
  await writeInBatches(engine, rowsOf("log", 60));
  return engine;
}

/** A store with two tables, some rows of which are gone again, and a log, open. */
export async function openTableStore(directory: string): Promise<LevelEngine> {
  const engine = await LevelEngine.open({ directory, sync: true });
  await writeInBatches(engine, rowsOf("a", 60));
  await writeInBatches(engine, rowsOf("text", 300), (value) => "text ".repeat(value.length));
  await engine.defragment();
  await write(engine, { a0003: undefined, a0004: "changed" });
  await engine.close();
  const again = await LevelEngine.open({ directory, sync: true });
  await writeInBatches(again, rowsOf("log", 20));
  await write(again, { log0003: undefined, a0005: "changed" });
  return again;
}

async function writeInBatches(
  engine: LevelEngine,
  rows: Readonly<Record<string, string>>,
  change = (value: string) => value,
): Promise<void> {
  const entries = Object.entries(rows).map(([key, value]) => [key, change(value)]);
  for (let first = 0; first < entries.length; first += 8) {
    await write(engine, Object.fromEntries(entries.slice(first, first + 8)));
  }
}

/** What came of opening a store: its rows, or the error that says why not. */
export async function outcome(directory: string): Promise<[string, string][] | StorageError> {
  try {
    const engine = await LevelEngine.open({ directory, sync: true });
    try {
      return await allRows(engine);
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}
