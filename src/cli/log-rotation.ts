/**
 * A log file that is put aside when it is large, as lumberjack does it for etcd: same settings, same
 * names, same rules for what goes.
 *
 * Renaming and opening is done at once, between two writes: it takes microseconds, and lines stay in
 * order. Old files are packed and removed in the background, one sweep at a time.
 */
import { closeSync, createReadStream, createWriteStream, fstatSync, mkdirSync } from "node:fs";
import { openSync, renameSync, statSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConfigurationError } from "./configuration-error.ts";

/** What `--log-rotation-config-json` sets. Source: lumberjack.v2, Logger. */
export interface RotationSettings {
  /** Mebibytes; 0 is 100. */
  readonly maxsize: number;
  /** Days to keep old files; 0 keeps them all. */
  readonly maxage: number;
  /** Old files to keep; 0 keeps them all. */
  readonly maxbackups: number;
  /** Whether old files are named by local time. */
  readonly localtime: boolean;
  readonly compress: boolean;
}

const MEBIBYTE = 1024 * 1024;
const SIZE_DEFAULT_MEBIBYTES = 100;
const DAY_MS = 24 * 60 * 60 * 1000;
const PACKED = ".gz";
/** New files are their owner's. Source: lumberjack.v2, openNew. */
const FILE_MODE = 0o600;

const KINDS = {
  maxsize: "number",
  maxage: "number",
  maxbackups: "number",
  localtime: "boolean",
  compress: "boolean",
} as const;

/**
 * Reads the settings; names in any letters, unknown ones are passed over, as Go does.
 *
 * @throws ConfigurationError
 */
export function parseRotationSettings(text: string): RotationSettings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`improperly formatted log rotation config: ${problem}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ConfigurationError(`invalid log rotation config: not an object: ${text}`);
  }
  const given = new Map(Object.entries(parsed).map(([name, value]) => [name.toLowerCase(), value]));
  const settings = { maxsize: 0, maxage: 0, maxbackups: 0, localtime: false, compress: false };
  for (const [name, kind] of Object.entries(KINDS)) {
    const value: unknown = given.get(name);
    if (value === undefined || value === null) continue;
    const isRight = typeof value === kind && (kind !== "number" || Number.isInteger(value));
    if (!isRight) {
      const problem = `${name} is not ${kind === "number" ? "a whole number" : "true or false"}`;
      throw new ConfigurationError(`invalid log rotation config: ${problem}`);
    }
    Object.assign(settings, { [name]: value });
  }
  return settings;
}

export class RotatingFile {
  readonly #path: string;
  readonly #settings: RotationSettings;
  readonly #nowMs: () => number;
  readonly #bytesMax: number;
  #fd: number;
  #bytes: number;
  /** Packs and removes old files; never rejects. */
  #sweeping: Promise<void> = Promise.resolve();

  /** Opens the file, and makes it and its folder where missing. Throws what the disk says. */
  constructor(path: string, settings: RotationSettings, nowMs: () => number) {
    this.#path = path;
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#bytesMax = (settings.maxsize || SIZE_DEFAULT_MEBIBYTES) * MEBIBYTE;
    mkdirSync(dirname(path), { recursive: true });
    this.#fd = openSync(path, "a", FILE_MODE);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Where so many bytes that belong together are to be written. */
  fdFor(bytes: number): number {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) this.#rotate();
    this.#bytes += bytes;
    return this.#fd;
  }

  /** Waits until old files are packed and removed. */
  async settled(): Promise<void> {
    await this.#sweeping;
  }

  #rotate(): void {
    const { mode } = fstatSync(this.#fd);
    try {
      renameSync(this.#path, this.#backupPath());
      const fd = openSync(this.#path, "a", mode);
      closeSync(this.#fd);
      this.#fd = fd;
    } catch {
      // Better a file that is too large than no log; the next time is as far away as this one was.
    }
    this.#bytes = 0;
    this.#sweeping = this.#sweeping.then(() => this.#sweep()).catch(() => undefined);
  }

  /** A name that no file has. Source: lumberjack.v2, backupName. */
  #backupPath(): string {
    const extension = extname(this.#path);
    const stem = this.#path.slice(0, this.#path.length - extension.length);
    for (let timeMs = this.#nowMs(); ; timeMs++) {
      const path = `${stem}-${backupTime(timeMs, this.#settings.localtime)}${extension}`;
      if (
        [path, path + PACKED].every(
          (name) => statSync(name, { throwIfNoEntry: false }) === undefined,
        )
      ) {
        return path;
      }
    }
  }

  /** Source: lumberjack.v2, millRunOnce. */
  async #sweep(): Promise<void> {
    const { maxage, maxbackups, compress } = this.#settings;
    const folder = dirname(this.#path);
    const backups = (await this.#backups(folder)).toSorted((a, b) => b.timeMs - a.timeMs);
    const oldestMs = maxage > 0 ? this.#nowMs() - maxage * DAY_MS : Number.NEGATIVE_INFINITY;
    const countMax = maxbackups > 0 ? maxbackups : Number.POSITIVE_INFINITY;
    for (const [index, { name, timeMs }] of backups.entries()) {
      const path = join(folder, name);
      if (index >= countMax || timeMs < oldestMs) await rm(path, { force: true });
      else if (compress && !name.endsWith(PACKED)) await pack(path);
    }
  }

  async #backups(folder: string): Promise<{ name: string; timeMs: number }[]> {
    const extension = extname(this.#path);
    const prefix = `${basename(this.#path, extension)}-`;
    const found = [];
    for (const name of await readdir(folder)) {
      const plain = name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name;
      if (!plain.startsWith(prefix) || !plain.endsWith(extension)) continue;
      const text = plain.slice(prefix.length, plain.length - extension.length);
      const timeMs = parseBackupTime(text, this.#settings.localtime);
      if (!Number.isNaN(timeMs)) found.push({ name, timeMs });
    }
    return found;
  }
}

/** As `2006-01-02T15-04-05.000`. */
function backupTime(timeMs: number, isLocal: boolean): string {
  const offsetMs = isLocal ? new Date(timeMs).getTimezoneOffset() * 60_000 : 0;
  return new Date(timeMs - offsetMs).toISOString().slice(0, -1).replaceAll(":", "-");
}

/** NaN for what is none. */
function parseBackupTime(text: string, isLocal: boolean): number {
  const match = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  if (match === null) return Number.NaN;
  const [, day = "", hour = "", minute = "", second = ""] = match;
  return Date.parse(`${day}${hour}:${minute}:${second}${isLocal ? "" : "Z"}`);
}

/** Whole or not at all: a packed file has its name when it is complete. */
async function pack(path: string): Promise<void> {
  const { createGzip } = await import("node:zlib");
  const unfinished = `${path}${PACKED}.tmp`;
  await pipeline(
    createReadStream(path),
    createGzip(),
    createWriteStream(unfinished, { mode: statSync(path).mode }),
  );
  await rename(unfinished, path + PACKED);
  await rm(path);
}
