/** Running a server program of its own process, for tests of what a terminal sees. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Test } from "tap";

/** What to run. */
export interface ProgramInput {
  readonly path: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A line of a log. */
export interface LogLine {
  readonly level: string;
  readonly ts: string;
  readonly caller: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A program that runs or ran. It is killed with the test. */
export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = "";
  #errors = "";

  constructor(t: Test, input: ProgramInput) {
    this.#child = spawn(input.path, input.args, {
      cwd: input.folder,
      env: { PATH: process.env["PATH"], ...input.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#output += bytes.toString();
    });
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#errors += bytes.toString();
    });
    this.#ended = once(this.#child, "close");
    t.teardown(async () => {
      this.#child.kill("SIGKILL");
      await this.#ended;
    });
  }

  /** Standard output so far. */
  get output(): string {
    return this.#output;
  }

  /** Standard error so far. */
  get errors(): string {
    return this.#errors;
  }

  /** The log so far. Throws when a line is none. */
  get log(): readonly LogLine[] {
    const lines = this.#errors.split("\n").filter((line) => line !== "");
    // The cast is checked by the tests: each looks at the fields it uses.
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Sends a signal. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGHUP"): void {
    this.#child.kill(name);
  }

  /** Waits for a message in the log. Rejects when the program ends before. */
  async waitFor(message: string): Promise<void> {
    const wanted = `"msg":"${message}`;
    let isOver = false;
    void this.#ended.then(() => {
      isOver = true;
    }); // Never rejects.
    while (!this.#errors.includes(wanted)) {
      if (isOver) {
        throw new Error(`Program ended without "${message}": ${this.#errors}`);
      }
      await Promise.race([once(this.#child.stderr ?? this.#child, "data"), this.#ended]);
    }
  }

  /** Waits for a text on standard output. Rejects when the program ends before. */
  async printed(text: string): Promise<void> {
    const over = this.#ended.then(() => {
      throw new Error(`Program ended without "${text}": ${this.#errors}`);
    });
    over.catch(() => undefined);
    while (!this.#output.includes(text)) {
      await Promise.race([once(this.#child.stdout ?? this.#child, "data"), over]);
    }
  }

  /** Waits for the end; gives the exit code or the signal. */
  async end(): Promise<number | string> {
    await this.#ended;
    return this.#child.signalCode ?? this.#child.exitCode ?? "unknown";
  }
}
