/**
 * Reads the rows of an open LevelDB store from its files, several times as fast as through LevelDB:
 * an iterator makes four objects a row, and its threads wait for each other.
 *
 * That works between the opening and the first write, when all rows are in tables: LevelDB begins
 * with turning its logs into one. It may merge tables meanwhile, but that changes no row, and files
 * that are open stay readable when it deletes them. Where a file is gone before it was opened, the
 * list of files is read again.
 *
 * Tables overlap, so that they are merged here as LevelDB does it: in order of the keys; of entries of
 * one key the latest counts, and it may say that the row is gone.
 */

import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { MalformedError } from "./byte-reader.ts";
import { StorageError } from "./engine.ts";
import type { RowVisitor } from "./engine.ts";
import { FileBuffers } from "./file-buffers.ts";
import { TableCursor } from "./leveldb-cursor.ts";
import { CURRENT_FILE, currentManifest, manifestName, tableName } from "./leveldb-files.ts";
import { readLog } from "./leveldb-log.ts";
import { readManifest } from "./leveldb-manifest.ts";

/** Files that may be open at a time; a store with more is read through LevelDB. */
const TABLES_MAX = 500;
/** How often the list of files may have changed under the reader's feet. */
const ATTEMPTS_MAX = 5;
const TAIL_BYTES = 8;

export interface KeySpan {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** A table that has rows of the span. */
interface OpenTable {
  readonly name: string;
  readonly file: FileHandle;
  readonly bytes: number;
  readonly smallest: Buffer;
  /** Its contents, once they are being read. */
  contents: Promise<Buffer> | undefined;
}

/**
 * Visits all rows with `start <= key < end` in order. False, and nothing visited, where the store has
 * too many files. Rejects with {@link StorageError}, and with what `visit` throws.
 */
export async function visitTableRows(
  directory: string,
  span: KeySpan,
  visit: RowVisitor,
): Promise<boolean> {
  const tables = await openTables(directory, span);
  if (tables === undefined) return false;
  try {
    await merge(tables, span, visit);
    return true;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    const message = `Cannot read tables in "${directory}": ${error.message}`;
    throw new StorageError("corrupt", message, { cause: error });
  } finally {
    await Promise.all(tables.map(({ file }) => file.close()));
  }
}

/** All tables of one moment, by their smallest key; undefined when there are too many. */
async function openTables(directory: string, span: KeySpan): Promise<OpenTable[] | undefined> {
  for (let attempt = 1; ; attempt++) {
    const tables: OpenTable[] = [];
    try {
      const current = currentManifest(await readFile(join(directory, CURRENT_FILE), "latin1"));
      if (current === undefined) throw new MalformedError(`${CURRENT_FILE} names no manifest`);
      // An edit that is just being written is as good as none: see the top of the file.
      const log = readLog(await readFile(join(directory, manifestName(current))));
      const manifest = readManifest(log.records.map(({ payload }) => payload));
      if (manifest.tables.size > TABLES_MAX) return undefined;
      for (const [number, { bytes, smallest, largest }] of manifest.tables) {
        if (compareUserKey(largest, span.start) < 0) continue;
        if (compareUserKey(smallest, span.end) >= 0) continue;
        const name = tableName(number);
        const file = await open(join(directory, name));
        const key = Buffer.from(smallest.subarray(0, -TAIL_BYTES));
        tables.push({ name, file, bytes, smallest: key, contents: undefined });
      }
      return tables.sort((one, other) => Buffer.compare(one.smallest, other.smallest));
    } catch (cause) {
      await Promise.all(tables.map(({ file }) => file.close()));
      if (attempt < ATTEMPTS_MAX) continue;
      const message = `Cannot read tables in "${directory}"`;
      throw new StorageError("read-failed", message, { cause });
    }
  }
}

async function merge(
  tables: readonly OpenTable[],
  { start, end }: KeySpan,
  visit: RowVisitor,
): Promise<void> {
  const cursors: TableCursor[] = [];
  const buffers = new FileBuffers();
  let next = 0;
  let last: Buffer = Buffer.alloc(0);
  let hasLast = false;
  for (;;) {
    let first = firstOf(cursors);
    // What may have an earlier entry than the first of those that are open must be open, too.
    while (next < tables.length) {
      if (first !== undefined && first.compareKey(tables[next]!.smallest) < 0) break;
      const cursor = new TableCursor(await contentsOf(tables, next++, buffers));
      if (!skipTo(cursor, start)) {
        buffers.giveBack(cursor.file);
        continue;
      }
      cursors.push(cursor);
      first = firstOf(cursors);
    }
    if (first === undefined) return;
    const limit = limitOf(cursors, first, tables[next]);
    // Whole: no await while this table's entries are the next ones.
    do {
      const { key } = first;
      if (key.compare(end) >= 0) return;
      if (!hasLast || !key.equals(last)) {
        if (!first.isDeletion) visit(key, first.value);
        last = keep(last, key);
        hasLast = true;
      }
      if (!first.next()) {
        cursors.splice(cursors.indexOf(first), 1);
        buffers.giveBack(first.file);
        break;
      }
    } while (limit === undefined || first.compareKey(limit) < 0);
  }
}

function firstOf(cursors: readonly TableCursor[]): TableCursor | undefined {
  let first = cursors[0];
  for (const cursor of cursors) if (cursor.compare(first!) < 0) first = cursor;
  return first;
}

/** Up to which key nobody else has an entry. */
function limitOf(
  cursors: readonly TableCursor[],
  first: TableCursor,
  next: OpenTable | undefined,
): Buffer | undefined {
  let limit = next?.smallest;
  for (const cursor of cursors) {
    if (cursor === first) continue;
    if (limit === undefined || cursor.compareKey(limit) < 0) limit = Buffer.from(cursor.key);
  }
  return limit;
}

function skipTo(cursor: TableCursor, start: Uint8Array): boolean {
  while (cursor.next()) if (cursor.compareKey(start) >= 0) return true;
  return false;
}

/** The key's bytes, in the buffer of the one before where they fit. */
function keep(last: Buffer, key: Buffer): Buffer {
  if (last.length !== key.length) return Buffer.from(key);
  for (let index = 0; index < key.length; index++) last[index] = key[index]!;
  return last;
}

/** One table's contents, while the next one's are on their way. */
async function contentsOf(
  tables: readonly OpenTable[],
  index: number,
  buffers: FileBuffers,
): Promise<Buffer> {
  const contents = (tables[index]!.contents ??= readTable(tables[index]!, buffers));
  const next = tables[index + 1];
  if (next !== undefined) {
    next.contents = readTable(next, buffers);
    // Whoever asks for it hears of it.
    next.contents.catch(() => undefined);
  }
  tables[index]!.contents = undefined;
  return contents;
}

async function readTable({ name, file, bytes }: OpenTable, buffers: FileBuffers): Promise<Buffer> {
  const contents = await buffers.read(file, bytes);
  if (contents.length < bytes) throw new MalformedError(`${name} is shorter than ${bytes} bytes`);
  return contents;
}

function compareUserKey(internalKey: Uint8Array, key: Uint8Array): number {
  return Buffer.compare(internalKey.subarray(0, -TAIL_BYTES), key);
}
