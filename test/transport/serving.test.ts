import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { GrpcChannel, serve, Serving } from "../../src/transport/index.ts";
import { EMPTY_CONTEXT, SILENT_LOGGER, STATUS } from "../../src/wire/index.ts";
import type { HttpPages, LogFields } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { hostOf, serveChannel } from "./serve-channel.ts";
import { StreamCollector } from "./stream-collector.ts";

const HELLO = Buffer.from("hello");
const ANYWHERE = "http://127.0.0.1:0";

function pages(body: string): HttpPages {
  return { page: () => ({ status: 200, headers: {}, body }) };
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "etcdlet-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

void t.test("serve() answers gRPC and HTTP/1.1 on the same port", async (t) => {
  const { client, url } = await serveChannel(t, echoChannel());
  const [answer, page] = await Promise.all([
    client.unary("put", HELLO, EMPTY_CONTEXT),
    fetch(url).then((response) => response.text()),
  ]);
  t.same(answer, HELLO);
  t.equal(page, "page");
});

void t.test("serve() serves all its URLs, and only pages on those for metrics", async (t) => {
  const socket = `unix://${folderOf(t)}/etcd.sock`;
  const { serving } = await serveChannel(t, echoChannel(), {
    clientUrls: [ANYWHERE, socket],
    metricsUrls: [ANYWHERE],
    metricsPages: pages("metrics"),
  });
  t.equal(serving.clientUrls.length, 2);
  t.equal(serving.clientUrls[1], socket);
  for (const url of serving.clientUrls) {
    const client = await GrpcChannel.connect(url);
    t.same(await client.unary("put", HELLO, EMPTY_CONTEXT), HELLO);
    client.close();
  }
  const [metricsUrl = ""] = serving.metricsUrls;
  const answer = await fetch(metricsUrl);
  t.equal(await answer.text(), "metrics");
  t.equal(answer.headers.get("access-control-allow-origin"), null);
  const client = await GrpcChannel.connect(metricsUrl);
  await t.rejects(client.unary("put", HELLO, EMPTY_CONTEXT), { code: STATUS.unavailable });
  client.close();
});

void t.test("serve() logs the lines by which others know that it serves", async (t) => {
  const lines: [string, LogFields | undefined][] = [];
  const { serving } = await serveChannel(t, echoChannel(), {
    clientUrls: [ANYWHERE, ANYWHERE],
    metricsUrls: [ANYWHERE],
    logger: { ...SILENT_LOGGER, info: (message, fields) => lines.push([message, fields]) },
  });
  const serves = "serving client traffic insecurely; this is strongly discouraged!";
  const ready = "ready to serve client requests";
  t.same(lines, [
    [ready, undefined],
    [ready, undefined],
    ...serving.clientUrls.map((url) => [
      serves,
      { traffic: "grpc+http", address: url.replace("http://", "") },
    ]),
    ["serving metrics", { address: serving.metricsUrls[0] }],
  ]);
});

void t.test("Serving.open() takes all addresses or none", async (t) => {
  const folder = folderOf(t);
  const [client, metrics] = [`unix://${folder}/client`, `unix://${folder}/metrics`];
  const taken = await Serving.open({ clientUrls: [metrics] });
  await t.rejects(Serving.open({ clientUrls: [client], metricsUrls: [metrics] }), {
    name: "ListenError",
  });
  t.equal(existsSync(join(folder, "client")), false);
  await taken.close({ graceMs: 0 });
  t.equal(existsSync(join(folder, "metrics")), false);
});

void t.test("Serving.start() answers who has been waiting since open()", async (t) => {
  const serving = await Serving.open({ clientUrls: [ANYWHERE] });
  t.teardown(() => serving.close({ graceMs: 0 }));
  const [url = ""] = serving.clientUrls;
  const client = await GrpcChannel.connect(url);
  t.teardown(() => client.close());
  const answer = client.unary("put", HELLO, EMPTY_CONTEXT);
  const early = connect(hostOf(url));
  early.end("GET / HTTP/1.0\r\n\r\n");
  await once(early, "connect");
  const page = text(early);
  await serving.start({ channel: echoChannel(), pages: pages("page") });
  t.same(await answer, HELLO);
  t.match(await page, /page$/u);
});

void t.test("Serving.close() lets calls under way finish, and takes no more", async (t) => {
  let finish: (answer: Uint8Array) => void = () => undefined;
  const { serving, client, url } = await serveChannel(
    t,
    echoChannel({ unary: () => new Promise((resolve) => (finish = resolve)) }),
  );
  const output = new StreamCollector();
  const input = client.stream("watch", EMPTY_CONTEXT, output);
  input.write(HELLO);
  const unary = client.unary("put", HELLO, EMPTY_CONTEXT);
  await output.received(1);
  const closing = serving.close({ graceMs: 3_600_000 });
  t.equal(serving.close({ graceMs: 0 }), closing);
  const late = connect(hostOf(url));
  t.match(await once(late, "error"), [{ code: "ECONNREFUSED" }]);
  input.write(HELLO);
  await output.received(2);
  finish(HELLO);
  t.same(await unary, HELLO);
  input.end();
  t.equal(await output.ended, undefined);
  await closing;
});

void t.test("Serving.close() drops after the grace what does not finish", async (t) => {
  let cancelCount = 0;
  const { serving, client } = await serveChannel(t, {
    ...echoChannel(),
    stream: (_method, _context, output) => ({
      write: (message) => void output.write(message),
      end: () => undefined,
      cancel: () => (cancelCount += 1),
      drained: () => undefined,
    }),
  });
  const output = new StreamCollector();
  client.stream("watch", EMPTY_CONTEXT, output).write(HELLO);
  await output.received(1);
  await serving.close({ graceMs: 10 });
  t.match(await output.ended, { code: STATUS.unavailable });
  t.equal(cancelCount, 1);
});

void t.test("Serving.close() is quick where nothing is under way", async (t) => {
  const { serving, client, url } = await serveChannel(t, echoChannel());
  await client.unary("put", HELLO, EMPTY_CONTEXT);
  await (await fetch(url)).text();
  const undecided = connect(hostOf(url));
  await once(undecided, "connect");
  await serving.close({ graceMs: 3_600_000 });
  t.pass("closed");
});

void t.test("serve() leaves nothing running when it could not start", async (t) => {
  const folder = folderOf(t);
  const broken = new Error("no pages today");
  await t.rejects(
    serve({
      clientUrls: [`unix://${folder}/etcd.sock`],
      channel: echoChannel(),
      get pages(): HttpPages {
        throw broken;
      },
    }),
    broken,
  );
  t.equal(existsSync(join(folder, "etcd.sock")), false);
});

/** Runs a module that may use the rooms' doors; what it prints. */
async function run(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script],
    { timeout: 60_000, killSignal: "SIGKILL" },
  );
  return stdout.trim();
}

const doors = `
  const { serve, GrpcChannel } = await import(${JSON.stringify(doorOf("transport"))});
  const { EMPTY_CONTEXT } = await import(${JSON.stringify(doorOf("wire"))});
  const channel = { unary: (method, request) => request };
  const pages = { page: () => ({ status: 200, headers: {}, body: "page" }) };
`;

function doorOf(room: string): string {
  return new URL(`../../src/${room}/index.js`, import.meta.url).href;
}

void t.test("a process that has served and closed ends by itself", async (t) => {
  const printed = await run(`${doors}
    const serving = await serve({ clientUrls: ["${ANYWHERE}"], channel, pages });
    const client = await GrpcChannel.connect(serving.clientUrls[0]);
    const answer = await client.unary("put", Buffer.from("hello"), EMPTY_CONTEXT);
    console.log(answer.toString(), await (await fetch(serving.clientUrls[0])).text());
    await serving.close({ graceMs: 3_600_000 });
  `);
  t.equal(printed, "hello page");
});

void t.test("a process that serves no gRPC does not load its library", async (t) => {
  const printed = await run(`${doors}
    import { createRequire } from "node:module";
    const isGrpc = (path) => path.includes("grpc-js");
    const loaded = () => Object.keys(createRequire("/").cache).filter(isGrpc).length > 0;
    const serving = await serve({ clientUrls: [], metricsUrls: ["${ANYWHERE}"], channel, pages });
    console.log(await (await fetch(serving.metricsUrls[0])).text(), loaded());
    await serving.close({ graceMs: 0 });
    await (await GrpcChannel.connect("http://127.0.0.1:1")).close();
    console.log(loaded());
  `);
  t.equal(printed, "page false\ntrue");
});
