/** The servers under load, as processes of their own, and what they use. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server that runs, on a data directory of its own. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first healthy answer. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, about: { url: string; ms: number; directory: string }) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = about.url;
    this.readyMs = about.ms;
    this.#directory = about.directory;
  }

  /** Starts `command` with etcd's flags; ready when /health says so. Throws Error after 20 s. */
  static async start(command: string, flags: readonly string[] = []): Promise<ServerProcess> {
    const directory = mkdtempSync(join(tmpdir(), "etcdlet-bench-"));
    const url = `http://127.0.0.1:${String(await freePort())}`;
    const peer = `http://127.0.0.1:${String(await freePort())}`;
    const beganMs = performance.now();
    const args = [
      `--data-dir=${directory}/data`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--log-level=error",
      ...flags,
    ];
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    await untilHealthy(url, child);
    return new ServerProcess(child, { url, ms: performance.now() - beganMs, directory });
  }

  /** CPU seconds used so far, all threads. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${String(this.#child.pid)}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Fields 14 and 15 of proc(5), utime and stime, in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Resident memory now and at its peak, MiB. */
  memoryMiB(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${String(this.#child.pid)}/status`, "latin1");
    const kilobytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return { now: kilobytes("VmRSS") / 1024, peak: kilobytes("VmHWM") / 1024 };
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const limitMs = performance.now() + 20_000;
  while (performance.now() < limitMs) {
    if (child.exitCode !== null) throw new Error(`server ended: ${String(child.exitCode)}`);
    try {
      const response = await fetch(`${url}/health`);
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill("SIGKILL");
  throw new Error(`not healthy: ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
