/**
 * A file descriptor that log lines go to, without ever holding up the server.
 *
 * The simple way, a synchronous write per line, stops the whole process when the reader of a pipe
 * stops reading. So lines wait in memory and one write is under way at a time, on a thread of
 * libuv's pool; all lines of one turn of the event loop go out together. What waits is bounded:
 * beyond that, lines are dropped and counted, and the log says how many were.
 *
 * Rules: lines leave in the order they came; a line is written whole or not at all, as far as the
 * kernel allows; after an error other than "try again" the lines at hand are lost, the next ones are
 * tried again.
 */
import { write, writeSync } from "node:fs";

/** Most characters that wait for one output. A start logs 5 thousand. */
const PENDING_LENGTH_MAX = 4 * 1024 * 1024;

/** Pauses before a descriptor that was full is tried again, ms: doubled from the first to the last. */
const RETRY_MS = 5;
const RETRY_MS_MAX = 80;

/** How often the last lines are tried at exit: one second in all. */
const EXIT_ATTEMPTS_MAX = 200;

/** Tells where to write: the same descriptor, or another one when a file has become too large. */
export interface LogTarget {
  /** For so many bytes that belong together. */
  fdFor(bytes: number): number;
}

/** A place that log lines go to. */
export class LogOutput {
  readonly #target: LogTarget;
  /** Of what is being written. */
  #fd = -1;
  /** Makes the line that says how many lines were dropped. */
  readonly #droppedLine: (droppedCount: number) => string;
  #pending: string[] = [];
  #pendingLength = 0;
  #droppedCount = 0;
  /** What is being written, and whether a thread has it at this moment. */
  #current: Buffer = Buffer.alloc(0);
  #isInFlight = false;
  /** Settles when all that was pending is written; `undefined` when nothing is. */
  #writing: Promise<void> | undefined;

  constructor(target: LogTarget, droppedLine: (droppedCount: number) => string) {
    this.#target = target;
    this.#droppedLine = droppedLine;
  }

  /** Adds a line, which ends with a line feed. */
  write(line: string): void {
    if (this.#pendingLength + line.length > PENDING_LENGTH_MAX) {
      this.#droppedCount += 1;
      return;
    }
    this.#pending.push(line);
    this.#pendingLength += line.length;
    this.#writing ??= this.#writeAll();
  }

  /** Waits until everything so far is written, or was given up. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Writes what still waits, at once. Only for the last moment: it stops the process meanwhile. */
  flushSync(): void {
    const pending = this.#take();
    // What a thread has may be written or not; twice would be worse than not at all.
    let rest = this.#isInFlight ? pending : Buffer.concat([this.#current, pending]);
    // A file in use by the thread must not be closed.
    if (!this.#isInFlight) this.#fd = this.#target.fdFor(pending.length);
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    for (let attempt = 0; attempt < EXIT_ATTEMPTS_MAX && rest.length > 0; attempt += 1) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (!isTryAgain(error)) {
          return;
        }
        Atomics.wait(sleeper, 0, 0, RETRY_MS);
      }
    }
  }

  async #writeAll(): Promise<void> {
    // Let the rest of this turn's lines come first.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      let retryMs = RETRY_MS;
      this.#current = this.#take();
      this.#fd = this.#target.fdFor(this.#current.length);
      while (this.#current.length > 0) {
        const writtenBytes = await this.#writeSome(this.#current);
        this.#current = this.#current.subarray(writtenBytes);
        if (writtenBytes === 0) {
          await delay(retryMs);
          retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
        }
      }
    }
    this.#writing = undefined;
  }

  /** How many bytes are done with: written, none for now, or all when they cannot be written. */
  #writeSome(bytes: Buffer): Promise<number> {
    return new Promise((resolve) => {
      this.#isInFlight = true;
      write(this.#fd, bytes, (error, writtenBytes) => {
        this.#isInFlight = false;
        if (error === null) {
          resolve(writtenBytes);
        } else {
          resolve(isTryAgain(error) ? 0 : bytes.length);
        }
      });
    });
  }

  /** All that waits. */
  #take(): Buffer {
    if (this.#droppedCount > 0) {
      this.#pending.push(this.#droppedLine(this.#droppedCount));
      this.#droppedCount = 0;
    }
    const bytes = Buffer.from(this.#pending.join(""));
    this.#pending = [];
    this.#pendingLength = 0;
    return bytes;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function isTryAgain(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
