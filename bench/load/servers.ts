/** The servers under load, as processes of their own, and what they use. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

/** A server that can be measured. */
export interface Candidate {
  readonly name: "etcdlet" | "etcd";
  readonly command: string;
  /** Beside those that any server needs here. */
  readonly flags: readonly string[];
}

/**
 * Programs share two cores, servers and generator alike: what a machine with more would give to one
 * of them would say nothing of the others.
 */
const CORES = "0,1";

/** The command that runs another on the two cores; empty where there are no more, or no taskset. */
export const PINNED: readonly string[] =
  cpus().length > 2 && spawnSync("taskset", ["-c", CORES, "true"]).status === 0
    ? ["taskset", "-c", CORES]
    : [];

/** How long a server may take until it is healthy, with a million keys to load. */
const READY_LIMIT_MS = 120_000;
const READY_POLL_MS = 2;
const HEALTHY = "HTTP/1.1 200";

/** A server that runs, on a data directory of its own. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first healthy answer. */
  readonly readyMs: number;
  readonly #candidate: Candidate;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(
    candidate: Candidate,
    child: ChildProcess,
    about: { url: string; readyMs: number; directory: string },
  ) {
    this.#candidate = candidate;
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = about.url;
    this.readyMs = about.readyMs;
    this.#directory = about.directory;
  }

  /** Starts a server on an empty directory; ready when /health says so. Throws Error in time. */
  static start(candidate: Candidate): Promise<ServerProcess> {
    return ServerProcess.#startOn(candidate, mkdtempSync(join(tmpdir(), "etcdlet-bench-")));
  }

  static async #startOn(candidate: Candidate, directory: string): Promise<ServerProcess> {
    const url = `http://127.0.0.1:${String(await freePort())}`;
    const peer = `http://127.0.0.1:${String(await freePort())}`;
    const [program = "", ...args] = [
      ...PINNED,
      candidate.command,
      `--data-dir=${directory}/data`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--log-level=error",
      ...candidate.flags,
    ];
    // etcd tells of errors whenever it is asked to end: shown only when a server does not start.
    const log = join(directory, "log");
    const logFile = openSync(log, "a");
    const beganMs = performance.now();
    const child = spawn(program, args, { stdio: ["ignore", "ignore", logFile] });
    closeSync(logFile);
    await untilHealthy(url, child).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw new Error(`Cannot start ${candidate.command}: ${textOf(log)}`, { cause: error });
    });
    const readyMs = performance.now() - beganMs;
    return new ServerProcess(candidate, child, { url, readyMs, directory });
  }

  /** Resident memory now and at its peak, MiB; NaN where there is no /proc. */
  memoryMiB(): { now: number; peak: number } {
    const status = textOf(`/proc/${String(this.pid)}/status`);
    const mebibytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024;
    return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
  }

  /** Asks the process to end and starts another one on its data. */
  async restart(): Promise<ServerProcess> {
    await this.#end("SIGTERM");
    return ServerProcess.#startOn(this.#candidate, this.#directory);
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await gone;
  }
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const limitMs = performance.now() + READY_LIMIT_MS;
  while (performance.now() < limitMs) {
    if (child.exitCode !== null) throw new Error(`server ended: ${String(child.exitCode)}`);
    if (await isHealthy(url)) return;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(`not healthy: ${url}`);
}

/** By hand: a client for HTTP costs the bench, which asks often, what it takes from the server. */
function isHealthy(url: string): Promise<boolean> {
  const { host, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket.once("connect", () => {
      socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answer.length >= HEALTHY.length) {
        socket.destroy();
        resolve(answer.startsWith(HEALTHY));
      }
    });
    // Not listening yet.
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
