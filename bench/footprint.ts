/**
 * What a server costs before it does anything: time to the first healthy answer, time of
 * `Etcd.start()` in this process, and memory with many keys; beside the real etcd.
 *
 *     node dist/bench/footprint.js [--etcd PATH] [--starts N] [--keys N]
 */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Etcd } from "../src/index.ts";
import { runStep } from "./load/generator.ts";
import { ServerProcess } from "./load/servers.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const { values: options } = parseArgs({
  options: {
    etcd: { type: "string", default: join(ROOT, ".peers/bin/etcd") },
    starts: { type: "string", default: "10" },
    keys: { type: "string", default: "100000" },
  },
});

const commands: [name: string, command: string][] = [["etcdlet", join(ROOT, "bin/etcdlet")]];
if (existsSync(options.etcd)) commands.push(["etcd", options.etcd]);

function summary(values: number[]): string {
  const sorted = values.sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const [least = 0] = sorted;
  return `median ${median.toFixed(1)} ms, least ${least.toFixed(1)} ms`;
}

for (const [name, command] of commands) {
  const starts: number[] = [];
  for (let round = 0; round < Number(options.starts); round++) {
    const server = await ServerProcess.start(command);
    starts.push(server.readyMs);
    await server.stop();
  }
  console.log(`${name}: process start to healthy: ${summary(starts)}`);
}

const inProcess: number[] = [];
for (let round = 0; round < Number(options.starts); round++) {
  const beganMs = performance.now();
  const etcd = await Etcd.start();
  await etcd.client.kv.put("a", "b");
  inProcess.push(performance.now() - beganMs);
  await etcd.stop();
}
console.log(`etcdlet: Etcd.start() in memory and a put: ${summary(inProcess)}`);

for (const [name, command] of commands) {
  const server = await ServerProcess.start(command);
  const idle = server.memoryMiB().now;
  const fill = {
    title: "fill",
    load: "fill",
    flags: { keys: options.keys },
    prepares: true,
  } as const;
  await runStep(fill, server, { seconds: 0, warmUp: 0 });
  const { now, peak } = server.memoryMiB();
  const shown = [idle, now, peak].map((mebibytes) => mebibytes.toFixed(0));
  const [idleText, nowText, peakText] = shown;
  console.log(
    `${name}: RSS ${idleText ?? ""} MiB idle, ${nowText ?? ""} MiB with ${options.keys} keys of ` +
      `256 B, ${peakText ?? ""} MiB at the peak`,
  );
  await server.stop();
}
