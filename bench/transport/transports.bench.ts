/**
 * Calls a second, and CPU time of the server for each, of both servers of gRPC over an echo. The load
 * comes from h2load (Debian: nghttp2-client), which is not the bottleneck.
 *
 *   node transports.bench.js [calls] [connections] [calls in flight on each]
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const [calls = 100_000, connections = 8, inFlight = 32] = process.argv.slice(2).map(Number);

interface Result {
  readonly transport: string;
  readonly method: string;
  readonly callsPerSecond: number;
  readonly cpuMicrosPerCall: number;
}

/** A Put of 256 bytes, a Range of a key; the echo does not look at them. */
const REQUEST_BYTES = { Put: 280, Range: 18 } as const;

async function measure(transport: string, method: keyof typeof REQUEST_BYTES): Promise<Result> {
  const program = fileURLToPath(new URL("echo-server.js", import.meta.url));
  const server = spawn(process.execPath, [program, transport], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<string> => String((await lines.next()).value);
  const cpuMicros = async (): Promise<number> => {
    server.stdin.write("cpu\n");
    return Number(await ask());
  };
  const folder = mkdtempSync(join(tmpdir(), "transports-"));
  try {
    const url = `${await ask()}/etcdserverpb.KV/${method}`;
    const body = join(folder, "body");
    const request = Buffer.alloc(5 + REQUEST_BYTES[method], "x");
    request.writeUInt32BE(0, 0);
    request.writeUInt32BE(REQUEST_BYTES[method], 1);
    writeFileSync(body, request);
    await load({ url, body, count: Math.ceil(calls / 5) });
    const before = await cpuMicros();
    const callsPerSecond = await load({ url, body, count: calls });
    const cpuMicrosPerCall = ((await cpuMicros()) - before) / calls;
    return { transport, method, callsPerSecond, cpuMicrosPerCall };
  } finally {
    server.stdin.end();
    rmSync(folder, { recursive: true });
  }
}

/** Resolves to calls a second. Rejects when one of them failed. */
function load(options: { url: string; body: string; count: number }): Promise<number> {
  const { url, body, count } = options;
  const parameters = ["-n", count, "-c", connections, "-m", inFlight, "-d", body].map(String);
  const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
  return new Promise((resolve, reject) => {
    execFile("h2load", [...parameters, ...headers, url], (error, output) => {
      if (error !== null) {
        reject(error);
        return;
      }
      if (!output.includes(` ${count} succeeded, 0 failed`)) reject(new Error(output));
      resolve(Number(/([\d.]+) req\/s/u.exec(output)?.[1]));
    });
  });
}

const cpu = cpus()[0]?.model;
for (const method of ["Range", "Put"] as const) {
  for (const transport of ["grpc-js", "http2"]) {
    const result = await measure(transport, method);
    const parameters = { calls, connections, inFlight };
    const line = { ...result, ...parameters, cpu, node: process.version };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
