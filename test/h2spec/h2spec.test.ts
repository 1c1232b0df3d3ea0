/**
 * Our HTTP/2 against h2spec's cases of RFC 9113's and RFC 7541's rules. None may fail,
 * and none is moot: there is a limit of streams, and a body.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { GrpcServer } from "../../src/transport/grpc-server.ts";
import { Listener } from "../../src/transport/index.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";

const PROGRAM = join(process.env["ETCDLET_PEERS"] ?? ".peers/bin", "h2spec");

/** Two cases ask about a limit of streams, and take as long as opening so many takes. */
const STREAMS_MAX = 100;

/** Serves pages to everybody, so that cases that need a body have one. */
async function serve(t: Test): Promise<number> {
  const server = new GrpcServer({
    channel: echoChannel(),
    pages: { page: () => ({ status: 200, headers: {}, body: "a body long enough" }) },
    maxConcurrentStreams: STREAMS_MAX,
    logger: SILENT_LOGGER,
  });
  const listener = await Listener.open({ url: "http://127.0.0.1:0", logger: SILENT_LOGGER });
  listener.serve({ http2: server });
  t.teardown(() => Promise.all([listener.close(), server.close({ graceMs: 0 })]));
  return Number(new URL(listener.url).port);
}

function run(port: number): Promise<string> {
  return new Promise((resolve) => {
    // Its exit code says no more than its last line.
    execFile(PROGRAM, ["-h", "127.0.0.1", "-p", String(port), "-o", "2"], (_error, stdout) => {
      resolve(stdout);
    });
  });
}

const isThere = existsSync(PROGRAM);
const skip = isThere ? false : `no ${PROGRAM}: run test/peers/build.sh h2spec`;
const isRequired = process.env["ETCDLET_REQUIRE_PEERS"] === "1";

void t.test("GrpcServer passes every case of h2spec", { skip: !isRequired && skip }, async (t) => {
  const output = await run(await serve(t));
  const [, tests, passed, skipped, failed] =
    /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/u.exec(output) ?? [];
  if (failed !== "0") t.comment(output);
  t.same({ tests, failed, skipped }, { tests: "145", failed: "0", skipped: "0" });
  t.equal(passed, "145");
});
