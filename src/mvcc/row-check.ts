/** Checks the rows of revisions as they come, in order: each by itself, and that none is missing. */
import { StorageError } from "../storage/index.ts";
import { decodeKeyValueHead } from "../wire/index.ts";
import type { KeyValueHead } from "../wire/index.ts";
import { isTombstone } from "./hash.ts";
import { FIRST_REVISION } from "./revision.ts";

/** Where a row is. */
export interface RowPlace {
  readonly main: number;
  readonly sub: number;
}

export class RowCheck {
  readonly #compactedRevision: number;
  #main = FIRST_REVISION;
  #sub = 0;

  /** Only above the compacted revision there is every row. */
  constructor(compactedRevision: number) {
    this.#compactedRevision = compactedRevision;
  }

  /** Of the last row; the first revision before any. */
  get main(): number {
    return this.#main;
  }

  /** Takes the next row, and answers what its value says. Throws StorageError "corrupt" with the place. */
  next(row: RowPlace, value: Uint8Array): KeyValueHead {
    if (row.main > this.#compactedRevision) this.#checkOrder(row);
    this.#main = row.main;
    this.#sub = row.sub;
    return headOf(row, value);
  }

  /** A row follows its predecessor in the same revision, or begins the very next revision. */
  #checkOrder({ main, sub }: RowPlace): void {
    if (main === this.#main && sub === this.#sub + 1) return;
    const last = Math.max(this.#main, this.#compactedRevision, FIRST_REVISION);
    if (main === last + 1 && sub === 0) return;
    corrupt("revisions, missing after", `${String(last)}.${String(this.#sub)}`);
  }
}

function headOf(row: RowPlace, value: Uint8Array): KeyValueHead {
  let head;
  try {
    head = decodeKeyValueHead(value);
  } catch (error) {
    const text = `Unreadable row of revision: ${placeOf(row)}`;
    throw new StorageError("corrupt", text, { cause: error });
  }
  if (head.keyStart === head.keyEnd) corrupt("row of revision", placeOf(row));
  const expected = head.version === 0 ? 0 : row.main;
  if (head.modRevision !== expected || (head.version === 0) !== isTombstone(value)) {
    corrupt("row of revision", placeOf(row));
  }
  return head;
}

function placeOf(row: RowPlace): string {
  return `${String(row.main)}.${String(row.sub)}`;
}

function corrupt(what: string, place: string): never {
  throw new StorageError("corrupt", `Corrupt ${what}: ${place}`);
}
