/**
 * The log of an etcd, to know whether its database is behind: after a crash, what was acknowledged last
 * may be in the log only. Source: etcd server/storage/wal/decoder.go.
 */
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StorageError, crc32c } from "../storage/index.ts";
import { changesStore, decodeLogEntry, decodeLogRecord } from "../wire/index.ts";
import type { LogRecord } from "../wire/index.ts";
import { corruptFile } from "./bolt-elements.ts";

/** Types of records. Source: etcd server/storage/wal/wal.go. */
const RECORD = { entry: 2, crc: 4 } as const;
/** Length of a record and of what fills it up to 8 bytes. */
const FRAME_BYTES = 8;
/** Number of the file, and index of its first entry. */
const FILE_NAME = /^[\da-f]{16}-[\da-f]{16}\.wal$/u;
/** A record is a request and some more; requests may be as large as an operator lets them be. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** Entries of a log that a database has not. */
export interface LogRest {
  /** Those of them that may change a store. */
  readonly changes: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/** What a log has behind an index; undefined when nothing of it changes a store. Rejects with StorageError. */
export async function logBehind(folder: string, index: number): Promise<LogRest | undefined> {
  const names = (await filesIn(folder)).filter((name) => FILE_NAME.test(name));
  /** Indexes of changes: an entry that comes again takes the place of it and of all behind it. */
  const changes: number[] = [];
  let crc = 0;
  for (const name of names.sort()) {
    const isLast = name === names.at(-1);
    for await (const record of recordsOf(join(folder, name), isLast)) {
      if (record.type === RECORD.crc) {
        crc = record.crc;
        continue;
      }
      crc = crc32c(record.data, 0, record.data.length, crc);
      if (crc !== record.crc) {
        // A write that a crash cut short was acknowledged to nobody.
        if (isLast) break;
        throw corruptFile(`Cannot read log "${join(folder, name)}": wrong check sum`);
      }
      if (record.type !== RECORD.entry) continue;
      const entry = decodeLogEntry(record.data);
      while (changes.length > 0 && changes.at(-1)! >= entry.index) changes.pop();
      if (entry.index > index && entry.type === 0 && changesStore(entry.data)) {
        changes.push(entry.index);
      }
    }
  }
  const [firstIndex] = changes;
  const lastIndex = changes.at(-1);
  if (firstIndex === undefined || lastIndex === undefined) return undefined;
  return { changes: changes.length, firstIndex, lastIndex };
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const text =
      `Cannot read the log "${folder}", so that it is unknown whether its database is complete: ` +
      "take the database alone, member/snap/db";
    throw corruptFile(text, { cause });
  }
}

/** Refuses a database that its log would still change. */
export async function refuseLogBehind(folder: string, index: bigint): Promise<void> {
  const rest = await logBehind(folder, Number(index));
  if (rest === undefined) return;
  const { changes, firstIndex, lastIndex } = rest;
  throw new StorageError(
    "corrupt",
    `The log "${folder}" has ${String(changes)} changes that its database has not ` +
      `(database: up to index ${String(index)}, changes: ${String(firstIndex)} to ` +
      `${String(lastIndex)}), as after a crash: start that etcd once and stop it, or take the ` +
      "database alone, member/snap/db, without them",
  );
}

/** Up to the end, or to where a file was made longer before it was written to. */
async function* recordsOf(path: string, isLast: boolean): AsyncGenerator<LogRecord, void> {
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    // The stream has no encoding, so it gives bytes.
    bytes = bytes.length === 0 ? (chunk as Buffer) : Buffer.concat([bytes, chunk as Buffer]);
    let position = 0;
    while (bytes.length - position >= FRAME_BYTES) {
      const low = bytes.readUInt32LE(position);
      const high = bytes.readUInt32LE(position + 4);
      if (low === 0 && high === 0) return;
      // The upper byte says by how much it is filled up; the length has the others.
      const length = (high & 0xff_ffff) * 0x1_0000_0000 + low;
      const filled = high >>> 31 === 1 ? (high >>> 24) & 7 : 0;
      if (length > RECORD_BYTES_MAX) {
        if (isLast) return;
        throw corruptFile(`Cannot read log "${path}": record of ${String(length)} bytes`);
      }
      const start = position + FRAME_BYTES;
      if (start + length + filled > bytes.length) break;
      try {
        yield decodeLogRecord(bytes.subarray(start, start + length));
      } catch (cause) {
        if (isLast) return;
        throw corruptFile(`Cannot read log "${path}": unreadable record`, { cause });
      }
      position = start + length + filled;
    }
    bytes = bytes.subarray(position);
  }
}
