/**
 * A process of its own with a store: what another process, a full disk or a kill does to it can
 * only be seen from outside. Talks in lines of JSON on standard output.
 *
 * Arguments: the directory, and what to do: `hold` it open until standard input ends; `fill` it
 * until a write fails; `count` up, a row and a line per number, for ever.
 */

import { once } from "node:events";
import { LevelEngine, StorageError } from "../../src/storage/index.ts";
import { bytes } from "../suite/engine-rows.ts";
import { noiseText } from "./stores.ts";

const FILL_VALUE_BYTES = 50_000;

function say(message: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export function numberKey(number: number): Buffer {
  return bytes(`n${String(number).padStart(8, "0")}`);
}

/** The value that goes with a number. */
export function fillValue(number: number): Buffer {
  return bytes(noiseText(FILL_VALUE_BYTES, number));
}

async function reasonOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
    return "none";
  } catch (error) {
    if (error instanceof StorageError) return error.reason;
    throw error;
  }
}

async function putNumber(engine: LevelEngine, number: number, value: Buffer): Promise<void> {
  const batch = engine.batch();
  batch.put(numberKey(number), value);
  await batch.write();
}

async function fill(engine: LevelEngine): Promise<void> {
  let number = 0;
  let reason = "none";
  while (reason === "none") {
    const next = number;
    reason = await reasonOf(() => putNumber(engine, next, fillValue(next)));
    if (reason === "none") number++;
  }
  say({
    acknowledged: number,
    reason,
    // Small enough to fit where the large one did not.
    laterReason: await reasonOf(() => putNumber(engine, number + 1, bytes("small"))),
    defragmentReason: await reasonOf(() => engine.defragment()),
    lastIsThere: number === 0 || engine.getSync(numberKey(number - 1)) !== undefined,
    failedIsThere: engine.getSync(numberKey(number)) !== undefined,
  });
  await engine.close();
}

async function main(directory: string, task: string): Promise<void> {
  let engine: LevelEngine;
  try {
    engine = await LevelEngine.open({ directory, sync: true });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    say({ refused: error.reason, message: error.message });
    return;
  }
  say({ open: true });
  if (task === "fill") {
    await fill(engine);
  } else if (task === "count") {
    for (let number = 0; ; number++) {
      await putNumber(engine, number, bytes(String(number)));
      say({ acknowledged: number });
    }
  } else {
    process.stdin.resume();
    await once(process.stdin, "end");
    await engine.close();
  }
}

const [, file, directory, task] = process.argv;
if (file !== undefined && import.meta.url.endsWith(file) && directory !== undefined) {
  await main(directory, task ?? "hold");
}
