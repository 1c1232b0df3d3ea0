/**
 * Starting, awaiting and ending other programs.
 *
 * The rule here: no program outlives the test, however the test ends. Each child leads its own process
 * group, which is killed whole, so that a launcher script cannot leave its program behind; the groups are
 * killed when this process exits or is told to end; and where `setpriv` exists (Linux) the kernel kills
 * the child when this process is killed without warning, as a test runner does on a time-out.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How often a condition is looked at; small beside everything awaited here. */
const pollIntervalMs = 50;

/** How much of a log is shown when something went wrong. */
const logTailLines = 25;

/** How long a program that was killed may take to be gone. */
const killLimitMs = 10_000;

const running = new Set<Program>();
const folders = new Set<string>();
let exitHandled = false;
let setprivFound: boolean | undefined;

/**
 * Looks until the probe gives something other than `undefined`, and returns that.
 *
 * A probe that throws is looked at again; its last error becomes the cause when the limit has passed.
 */
export async function poll<Result>(
  what: string,
  limitMs: number,
  probe: () => Promise<Result | undefined> | Result | undefined,
): Promise<Result> {
  const started = Date.now();
  let cause: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined) {
        return result;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() - started > limitMs) {
      const last = cause instanceof Error ? `: ${cause.message}` : "";
      throw new Error(`Waited ${limitMs} ms in vain for ${what}${last}`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, pollIntervalMs));
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") {
          reject(new Error(`Cannot find a free port: listening gave ${String(address)}`));
        } else {
          resolve(address.port);
        }
      });
    });
  });
}

/** What to start, and where its output goes. */
export interface ProgramOptions {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Both outputs are appended here, so that a restart does not hide what went before. */
  readonly logPath: string;
}

/** A long-running child process. */
export class Program {
  readonly name: string;
  readonly logPath: string;
  readonly #child: ChildProcess;
  #ending: string | undefined;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.logPath = options.logPath;
    handleExit();
    const log = openSync(options.logPath, "a");
    const command = [options.path, ...options.args];
    if (hasSetpriv()) {
      command.unshift("setpriv", "--pdeathsig", "KILL", "--");
    }
    const [path = options.path, ...args] = command;
    this.#child = spawn(path, args, {
      env: options.env,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    running.add(this);
    this.#child.on("error", (error) => {
      this.#ended(error.message);
    });
    this.#child.on("exit", (code, signal) => {
      this.#ended(signal ?? `exit code ${String(code)}`);
    });
  }

  /** How the program ended, or `undefined` while it runs. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** Everything it has written so far. */
  log(): string {
    return readFileSync(this.logPath, "utf8");
  }

  logTail(): string {
    const lines = this.log().trimEnd().split("\n").slice(-logTailLines);
    return `--- ${this.name} (${this.#ending ?? "running"})\n${lines.join("\n")}`;
  }

  /** Polls as `poll` does, and gives up at once, with the log, when the program ends. */
  async ready(what: string, limitMs: number, probe: () => Promise<boolean>): Promise<void> {
    const outcome = await poll(`${this.name} to be ${what}`, limitMs, async () => {
      if (this.#ending !== undefined) {
        return "ended";
      }
      return (await probe()) ? "ready" : undefined;
    });
    if (outcome === "ended") {
      throw new Error(
        `Cannot start ${this.name}: it ended with ${this.#ending}\n${this.logTail()}`,
      );
    }
  }

  /**
   * Sends a signal and waits until the program has ended; returns how it ended.
   *
   * Throws when it does not end within the limit (it is then killed).
   */
  async stop(signal: "SIGTERM" | "SIGKILL", limitMs: number = killLimitMs): Promise<string> {
    this.#signal(signal);
    try {
      return await poll(`${this.name} to end after ${signal}`, limitMs, () => this.#ending);
    } finally {
      this.#signal("SIGKILL");
    }
  }

  /** Kills without waiting; for the last moments of this process. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined || this.#ending !== undefined) {
      return;
    }
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // It ended by itself between the check and the call: what was wanted.
    }
  }

  #ended(how: string): void {
    this.#ending = how;
    running.delete(this);
  }
}

/** What a program that ran to its end left. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What to run to its end. */
export interface RunOptions {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly limitMs: number;
}

/** Runs a program to its end, whatever its exit code; throws when it cannot start or takes too long. */
export function run(options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const what = `${options.path} ${options.args.join(" ")}`;
    const child = spawn(options.path, options.args, { env: options.env, stdio: "pipe" });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`Cannot run ${what}: not done after ${options.limitMs} ms`));
    }, options.limitMs);
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`Cannot run ${what}: ${error.message}`, { cause: error }));
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
    // A program that ends without reading its input breaks the pipe; its exit code tells the story.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

function hasSetpriv(): boolean {
  setprivFound ??= spawnSync("setpriv", ["--pdeathsig", "KILL", "--", "true"]).status === 0;
  return setprivFound;
}

/** A new temporary folder that is removed when this process ends. */
export function temporaryFolder(prefix: string): string {
  handleExit();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

function handleExit(): void {
  if (exitHandled) {
    return;
  }
  exitHandled = true;
  process.on("exit", () => {
    for (const program of running) {
      program.kill();
    }
    for (const folder of folders) {
      // Retried, because a program just killed may still be on its way out of it.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exit(1);
    });
  }
}
