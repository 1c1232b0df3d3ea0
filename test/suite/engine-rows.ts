/** Rows as texts, and what else the tests of engines share. */

import type { Test } from "tap";
import { StorageError } from "../../src/storage/index.ts";
import type { Engine, Row, ScanRange, StorageErrorReason } from "../../src/storage/index.ts";

/** An engine to be tested. The suite closes it. */
export interface EngineSubject {
  open(): Promise<Engine>;
  /** Closes the engine and opens what it kept, where it keeps anything. */
  readonly reopen?: (engine: Engine) => Promise<Engine>;
  /** Cases of the property test; fewer where a case costs a disk. */
  readonly modelRuns: number;
}

/** Bytes of a text. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** All rows of a range, as texts, and the sizes of the pages they came in. */
export async function collect(
  scan: AsyncIterable<Row[]>,
): Promise<{ rows: [string, string][]; pages: number[] }> {
  const rows: [string, string][] = [];
  const pages: number[] = [];
  for await (const page of scan) {
    pages.push(page.length);
    for (const [key, value] of page) rows.push([text(key), text(value)]);
  }
  return { rows, pages };
}

/** Every row of an engine. */
export async function allRows(engine: Engine): Promise<[string, string][]> {
  return (await collect(engine.scan(everything(100)))).rows;
}

/** Writes these rows in one batch; undefined removes. */
export async function write(
  engine: Engine,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const batch = engine.batch();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) batch.delete(bytes(key));
    else batch.put(bytes(key), bytes(value));
  }
  await batch.write();
}

/** Expects a StorageError with this reason. */
export async function rejectsWith(
  t: Test,
  reason: StorageErrorReason,
  action: () => unknown,
): Promise<void> {
  let caught: unknown;
  try {
    await action();
  } catch (error) {
    caught = error;
  }
  t.ok(caught instanceof StorageError, `a StorageError is thrown, found: ${String(caught)}`);
  t.match(caught, { reason });
}

/** Every key there may be. */
export function everything(pageRows: number): ScanRange {
  return { start: Buffer.of(0), end: Buffer.of(0xff), pageRows };
}

/** Text of some bytes. */
export function text(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}
