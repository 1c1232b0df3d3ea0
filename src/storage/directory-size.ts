/** How many bytes the files of a store take, cheap enough to be asked for on every write. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Looked at anew after so many bytes written: about when LevelDB makes a table of its log. */
const REFRESH_BYTES_MIN = 4 * 1024 * 1024;
/** In large stores after this part of their size, as every look costs a call per file. */
const REFRESH_SIZE_PART = 1 / 32;

/**
 * What the files took when last looked at, and what was written since. Too high by at most what was
 * written since the last look; what LevelDB gives back in the background shows at the next one.
 */
export class DirectorySize {
  readonly #directory: string;
  #measuredBytes: number;
  #writtenBytes = 0;
  #refreshing: Promise<void> | undefined;

  private constructor(directory: string, measuredBytes: number) {
    this.#directory = directory;
    this.#measuredBytes = measuredBytes;
  }

  /** Looks once. Rejects when the directory cannot be read. */
  static async measure(directory: string): Promise<DirectorySize> {
    return new DirectorySize(directory, await filesBytes(directory));
  }

  get bytes(): number {
    return this.#measuredBytes + this.#writtenBytes;
  }

  /** Counts what was written, and looks anew in the background when it is time. */
  add(bytes: number): void {
    this.#writtenBytes += bytes;
    const due = Math.max(REFRESH_BYTES_MIN, this.#measuredBytes * REFRESH_SIZE_PART);
    // Never rejects; see refresh().
    if (this.#writtenBytes >= due) void this.refresh();
  }

  /** Looks anew, unless that is under way. Never rejects: without a new look the old one stands. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Waits for a look under way. */
  async settled(): Promise<void> {
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const written = this.#writtenBytes;
    try {
      this.#measuredBytes = await filesBytes(this.#directory);
      this.#writtenBytes -= written;
    } catch {
      // The next refresh makes up for it.
    }
  }
}

async function filesBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) bytes += await fileBytes(join(directory, name));
  return bytes;
}

/** LevelDB deletes files as it goes: one that is gone takes no bytes. */
async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
