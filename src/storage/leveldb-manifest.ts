/**
 * Reads LevelDB's list of files: a log of edits, each the difference to the one before. Source of
 * the format: LevelDB db/version_edit.cc.
 */

import { ByteReader, MalformedError } from "./byte-reader.ts";

/** Source: LevelDB db/version_edit.cc, Tag. */
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

/** Which files make up the store. */
export interface Manifest {
  /** Logs with this number or a higher one are not yet in a table; 0 before there is any log. */
  readonly logNumber: number;
  /** No later than the last row written before this list was last changed. */
  readonly lastSequence: number;
  /** By number. */
  readonly tables: ReadonlyMap<number, TableFile>;
}

/** What the manifest knows of a table. */
export interface TableFile {
  readonly bytes: number;
  /** First and last key, each with the 8 bytes that LevelDB writes behind it. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

interface Edit {
  logNumber?: number;
  lastSequence?: number;
  hasNextFileNumber: boolean;
  readonly deleted: number[];
  readonly added: [number: number, table: TableFile][];
}

/** Plays the edits. Throws {@link MalformedError} where LevelDB would refuse the file, too. */
export function readManifest(edits: readonly Uint8Array[]): Manifest {
  let logNumber: number | undefined;
  let lastSequence: number | undefined;
  let hasNextFileNumber = false;
  const tables = new Map<number, TableFile>();
  for (const bytes of edits) {
    const edit = readEdit(new ByteReader(bytes));
    logNumber = edit.logNumber ?? logNumber;
    lastSequence = edit.lastSequence ?? lastSequence;
    hasNextFileNumber ||= edit.hasNextFileNumber;
    // Moving a table to another level deletes and adds the same number.
    for (const number of edit.deleted) tables.delete(number);
    for (const [number, table] of edit.added) tables.set(number, table);
  }
  if (logNumber === undefined || lastSequence === undefined || !hasNextFileNumber) {
    throw new MalformedError("first edit is missing");
  }
  return { logNumber, lastSequence, tables };
}

function readEdit(reader: ByteReader): Edit {
  const edit: Edit = { hasNextFileNumber: false, deleted: [], added: [] };
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === TAG.comparator) {
      reader.prefixed();
    } else if (tag === TAG.logNumber) {
      edit.logNumber = reader.varint();
    } else if (tag === TAG.previousLogNumber) {
      reader.varint();
    } else if (tag === TAG.nextFileNumber) {
      reader.varint();
      edit.hasNextFileNumber = true;
    } else if (tag === TAG.lastSequence) {
      edit.lastSequence = reader.varint();
    } else if (tag === TAG.compactPointer) {
      reader.varint();
      reader.prefixed();
    } else if (tag === TAG.deletedFile) {
      reader.varint();
      edit.deleted.push(reader.varint());
    } else if (tag === TAG.newFile) {
      reader.varint();
      const number = reader.varint();
      const bytes = reader.varint();
      const smallest = reader.prefixed();
      edit.added.push([number, { bytes, smallest, largest: reader.prefixed() }]);
    } else {
      throw new MalformedError(`unknown tag ${tag}`);
    }
  }
  return edit;
}
