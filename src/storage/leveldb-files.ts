/** Names of the files in a LevelDB directory. Source: LevelDB db/filename.cc. */

import { readdir } from "node:fs/promises";

/** Names the manifest in use. */
export const CURRENT_FILE = "CURRENT";
/** Locked by the process that has the store open; must not be opened by another part of it. */
const LOCK_FILE = "LOCK";

/** What lies in a LevelDB directory, by number; other files are left out. */
export interface LevelFiles {
  readonly hasCurrent: boolean;
  readonly hasLock: boolean;
  readonly manifests: readonly number[];
  /** Ascending. */
  readonly logs: readonly number[];
  readonly tables: readonly number[];
}

/** Reads the directory. */
export async function listLevelFiles(directory: string): Promise<LevelFiles> {
  const names = await readdir(directory);
  const numbers = (pattern: RegExp): number[] =>
    names.flatMap((name) => fileNumber(name, pattern) ?? []).toSorted((a, b) => a - b);
  return {
    hasCurrent: names.includes(CURRENT_FILE),
    hasLock: names.includes(LOCK_FILE),
    manifests: numbers(/^MANIFEST-(\d+)$/),
    logs: numbers(LOG_PATTERN),
    tables: numbers(/^(\d+)\.ldb$/),
  };
}

/** For {@link newestLog} and {@link listLevelFiles}. */
const LOG_PATTERN = /^(\d+)\.log$/;

/** The highest number of a log among the names. */
export function newestLog(names: readonly string[]): number | undefined {
  let newest: number | undefined;
  for (const name of names) {
    const number = fileNumber(name, LOG_PATTERN);
    if (number !== undefined && number > (newest ?? 0)) newest = number;
  }
  return newest;
}

export function logName(number: number): string {
  return `${padded(number)}.log`;
}

export function tableName(number: number): string {
  return `${padded(number)}.ldb`;
}

export function manifestName(number: number): string {
  return `MANIFEST-${padded(number)}`;
}

/** The number of the manifest that CURRENT names, or undefined where it names none. */
export function currentManifest(contents: string): number | undefined {
  const match = /^MANIFEST-(\d+)\n$/.exec(contents);
  const number = match === null ? undefined : Number(match[1]);
  // Only the spelling that LevelDB writes: it opens what is there, character by character.
  return number !== undefined && contents === `${manifestName(number)}\n` ? number : undefined;
}

function fileNumber(name: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(name);
  return match === null ? undefined : Number(match[1]);
}

function padded(number: number): string {
  return String(number).padStart(6, "0");
}
