import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { HttpAccess } from "../../src/transport/http-access.ts";
import type { HttpAccessOptions } from "../../src/transport/http-access.ts";
import type { HttpExchange } from "../../src/transport/http-exchange.ts";
import { HttpServer } from "../../src/transport/http-server.ts";
import type { HttpServerOptions } from "../../src/transport/http-server.ts";
import { Listener } from "../../src/transport/listener.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import type { HttpPages, HttpReply, HttpRequest } from "../../src/wire/index.ts";
import { closed, hostOf } from "./serve-channel.ts";

const CORS = {
  "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE",
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "accept, content-type, authorization",
};

function reply(body: string, status = 200): HttpReply {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body };
}

/** Says what it was asked. */
const echoPages: HttpPages = {
  page: ({ method, path, query }: HttpRequest) => reply(`${method} ${path} ${query.toString()}`),
};

async function serveHttp(
  t: Test,
  options: Partial<HttpServerOptions & HttpAccessOptions> = {},
): Promise<{ url: string; server: HttpServer }> {
  const listener = await Listener.open({ urls: ["http://127.0.0.1:0"], logger: SILENT_LOGGER });
  const server = new HttpServer({
    logger: SILENT_LOGGER,
    ...options,
    pages: new HttpAccess({
      pages: options.pages ?? echoPages,
      corsOrigins: ["*"],
      logger: SILENT_LOGGER,
      ...options,
    }),
  });
  listener.serve({ http1: server });
  t.teardown(() => Promise.all([listener.close(), server.close({ graceMs: 0 })]));
  return { url: listener.url, server };
}

/** A connection that the test writes to by hand. */
async function dial(url: string): Promise<Socket> {
  const socket = connect(hostOf(url));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** All that comes until the server closes the connection. */
async function rest(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await closed(socket);
  return text;
}

async function raw(url: string, text: string): Promise<string> {
  const socket = await dial(url);
  socket.write(text, "latin1");
  return rest(socket);
}

/** Resolves when the connection has had an answer that contains this. */
async function answered(socket: Socket, part: string): Promise<void> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes(part)) return;
  }
  throw new Error(`Cannot find "${part}": ${text}`);
}

void t.test("HttpServer gives the pages method, path and query", async (t) => {
  const { url } = await serveHttp(t);
  const body = async (path: string, init?: RequestInit): Promise<string> =>
    (await fetch(url + path, init)).text();
  t.equal(await body("/health"), "GET /health ");
  t.equal(
    await body("/readyz?exclude=a&exclude=b%20c&verbose"),
    "GET /readyz exclude=a&exclude=b+c&verbose=",
  );
  t.equal(await body("/a%2Fb", { method: "POST", body: "x".repeat(1000) }), "POST /a%2Fb ");
  const absolute = await raw(
    url,
    `GET http://x/version?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  t.match(absolute, /\r\n\r\nGET \/version a=b$/u);
  const host = await raw(url, `GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  t.match(host, /\r\n\r\nGET \/ $/u);
});

void t.test("HttpServer answers exactly what the page says, with CORS", async (t) => {
  const { url } = await serveHttp(t, {
    pages: {
      page: async ({ method }) => ({
        status: method === "GET" ? 503 : 405,
        headers: { "Content-Type": "application/json", Allow: "GET" },
        body: '{"health":"✓"}',
      }),
    },
  });
  const answer = await fetch(url);
  t.equal(answer.status, 503);
  t.match(Object.fromEntries(answer.headers), {
    ...CORS,
    "content-type": "application/json",
    "content-length": "16",
    allow: "GET",
  });
  t.equal(await answer.text(), '{"health":"✓"}');
  const head = await fetch(url, { method: "HEAD" });
  t.equal(head.status, 405);
  t.equal(head.headers.get("content-length"), "16");
});

void t.test("HttpServer answers OPTIONS itself where there is CORS", async (t) => {
  const all = await serveHttp(t);
  const answer = await fetch(all.url, { method: "OPTIONS" });
  t.equal(answer.status, 200);
  t.match(Object.fromEntries(answer.headers), { ...CORS, "content-length": "0" });
  t.equal(answer.headers.get("content-type"), null);
  const none = await serveHttp(t, { corsOrigins: undefined });
  const bare = await fetch(none.url, { method: "OPTIONS" });
  t.equal(await bare.text(), "OPTIONS / ");
  t.equal(bare.headers.get("access-control-allow-origin"), null);
});

void t.test("HttpServer allows the origins it was given and no other", async (t) => {
  const { url } = await serveHttp(t, { corsOrigins: ["http://a.example"] });
  const allowed = async (origin: string): Promise<string | null> =>
    (await fetch(url, { headers: { origin } })).headers.get("access-control-allow-origin");
  t.equal(await allowed("http://a.example"), "http://a.example");
  t.equal(await allowed("http://b.example"), null);
});

void t.test("HttpServer makes a 500 of a page that fails", async (t) => {
  const logged: unknown[] = [];
  const { url } = await serveHttp(t, {
    pages: {
      page: ({ path }) => {
        if (path === "/throws") throw new Error("a bug");
        if (path === "/rejects") return Promise.reject(new Error("another bug"));
        if (path === "/header") return { status: 200, headers: { A: "\r\n" }, body: "" };
        return reply("fine");
      },
    },
    logger: { ...SILENT_LOGGER, error: (_message, fields) => logged.push(fields?.["error"]) },
  });
  for (const path of ["/throws", "/rejects", "/header"]) {
    const answer = await fetch(url + path);
    t.equal(answer.status, 500);
    t.equal(await answer.text(), "Internal Server Error\n");
  }
  t.match(logged, ["a bug", "another bug", /Invalid character in header/u]);
  t.equal(await (await fetch(url)).text(), "fine");
});

void t.test("HttpServer answers what is no request with 400 and closes", async (t) => {
  const { url } = await serveHttp(t);
  const malformed = [
    "GARBAGE\r\n\r\n",
    "\x15\x03\x01\x02\x00\x01",
    "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ];
  for (const text of malformed) t.match(await raw(url, text), /HTTP\/1\.1 400 Bad Request\r\n/u);
  t.match(await raw(url, "GET / HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 Bad Request\r\n/u);
  const long = `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`;
  t.match(await raw(url, long), /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/u);
  t.equal(await (await fetch(url)).text(), "GET / ");
});

void t.test("HttpServer answers a client that has closed its sending side", async (t) => {
  const { url } = await serveHttp(t, {
    pages: { page: () => new Promise((resolve) => setImmediate(resolve, reply("late"))) },
  });
  const socket = await dial(url);
  socket.end("GET / HTTP/1.0\r\n\r\n");
  t.match(await rest(socket), /\r\n\r\nlate$/u);
});

void t.test("HttpServer answers requests that come at once, in order", async (t) => {
  const { url } = await serveHttp(t);
  const request = (path: string, more = ""): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const text = await raw(
    url,
    request("/1") + request("/2") + request("/3", "Connection: close\r\n"),
  );
  t.same(text.match(/GET \/\d/gu), ["GET /1", "GET /2", "GET /3"]);
});

void t.test("HttpServer drops who asks on and on without waiting for answers", async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on("warning", onWarning);
  t.teardown(() => process.off("warning", onWarning));
  let waiting = 0;
  let asked = 0;
  let onGone: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (onGone = resolve));
  const page = ({ signal }: HttpExchange): Promise<HttpReply> => {
    asked++;
    waiting++;
    const over = (): void => {
      if (--waiting === 0) onGone();
    };
    signal.addEventListener("abort", over, { once: true });
    return new Promise(() => undefined);
  };
  const { url } = await serveHttp(t, { pages: { page } });
  t.equal(await raw(url, "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000)), "");
  await gone;
  t.equal(asked, 100);
  t.strictSame(warnings, []);
});

void t.test("HttpServer reads a body to a bound, and no further", async (t) => {
  const { url } = await serveHttp(t);
  const post = (bytes: number): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;
  const fits = 256 * 1024;
  const second = "GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  t.match(await raw(url, post(fits) + "x".repeat(fits) + second), /GET \/2 $/u);
  const socket = await dial(url);
  const all = rest(socket);
  socket.write(post(1e12));
  const chunk = Buffer.alloc(64 * 1024);
  const send = (): void => void (socket.destroyed || socket.write(chunk, send));
  send();
  await all;
  t.equal(socket.destroyed, true);
});

void t.test("HttpServer drops a connection that is slow with its request", async (t) => {
  const { url } = await serveHttp(t, { phaseTimeoutMs: 20 });
  const slow = await dial(url);
  slow.write("GET / HT");
  t.equal(await rest(slow), "");
  const body = await dial(url);
  body.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc");
  t.match(await rest(body), /POST \/ $/u);
  const idle = await dial(url);
  idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  t.match(await rest(idle), /GET \/ $/u);
});

void t.test("HttpServer drops the connection that has been idle longest", async (t) => {
  const { url } = await serveHttp(t, { connectionsMax: 2 });
  const [first, second] = [await dial(url), await dial(url)];
  for (const socket of [first, second, first]) {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await answered(socket, "GET / ");
  }
  const secondRest = rest(second);
  const third = await raw(url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  t.match(third, /GET \/ $/u);
  t.equal(await secondRest, "");
  first.write("GET /still HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  t.match(await rest(first), /GET \/still $/u);
});

void t.test("HttpServer refuses a connection when all others wait for answers", async (t) => {
  const waiting: ((reply: HttpReply) => void)[] = [];
  const { url } = await serveHttp(t, {
    pages: { page: () => new Promise((resolve) => waiting.push(resolve)) },
    connectionsMax: 1,
  });
  const busy = await dial(url);
  busy.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await raw(url, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  waiting[0]?.(reply("done"));
  t.match(await rest(busy), /done$/u);
});

void t.test("HttpServer.close() ends the idle, and the others with their answers", async (t) => {
  const waiting: ((reply: HttpReply) => void)[] = [];
  const { url, server } = await serveHttp(t, {
    pages: {
      page: ({ path }) =>
        path === "/slow" ? new Promise((resolve) => waiting.push(resolve)) : reply("fast"),
    },
  });
  const idle = await dial(url);
  idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await answered(idle, "fast");
  const busy = await dial(url);
  busy.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const idleRest = rest(idle);
  const busyRest = rest(busy);
  const closing = server.close({ graceMs: 3_600_000 });
  t.equal(await idleRest, "");
  waiting[0]?.(reply("slow"));
  t.match(await busyRest, /slow$/u);
  await closing;
});

void t.test("HttpServer.close() drops after the grace who was not answered", async (t) => {
  let asked = false;
  const { url, server } = await serveHttp(t, {
    pages: {
      page: () => {
        asked = true;
        return new Promise(() => undefined);
      },
    },
  });
  const socket = await dial(url);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (!asked) await new Promise((resolve) => setImmediate(resolve));
  const all = rest(socket);
  await server.close({ graceMs: 5 });
  t.equal(await all, "");
});
