import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import t from "tap";
import type { Test } from "tap";
import type { ConnectionHandler } from "../../src/transport/connection-handler.ts";
import { Listener, openListeners } from "../../src/transport/listener.ts";
import type { ListenerOptions } from "../../src/transport/listener.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { closed } from "./serve-channel.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/** Answers with its name and all it gets until the far end is done. */
class NamedHandler implements ConnectionHandler {
  readonly #name: string;
  handled = 0;

  constructor(name: string) {
    this.#name = name;
  }

  handle(socket: Duplex, head: Buffer): void {
    this.handled += 1;
    let text = head.toString("latin1");
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.once("end", () => socket.end(`${this.#name}:${text}`));
    socket.resume();
  }

  async close(): Promise<void> {}
}

async function open(t: Test, options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await Listener.open({
    urls: ["http://127.0.0.1:0"],
    logger: SILENT_LOGGER,
    ...options,
  });
  t.teardown(() => listener.close());
  return listener;
}

/** The path of a socket has little room; tap's own folders fill it. */
function shortFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "etcdlet-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

function handlers(): { http1: NamedHandler; http2: NamedHandler } {
  return { http1: new NamedHandler("http1"), http2: new NamedHandler("http2") };
}

/** A connection to the listener; resolves when it is made. */
async function dial(listener: Listener): Promise<Socket> {
  const path = listener.url.startsWith("unix://") ? listener.address : undefined;
  const port = Number(listener.address.slice(listener.address.lastIndexOf(":") + 1));
  const host = listener.address.startsWith("[") ? "::1" : "127.0.0.1";
  const socket = path === undefined ? connect({ port, host }) : connect({ path });
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function answer(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await closed(socket);
  return text;
}

async function ask(listener: Listener, ...pieces: string[]): Promise<string> {
  const socket = await dial(listener);
  const answered = answer(socket);
  for (const piece of pieces) {
    // Each piece arrives by itself.
    await new Promise<void>((resolve) => socket.write(piece, "latin1", () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  return answered;
}

void t.test("Listener hands a connection over by its first bytes and loses none", async (t) => {
  const listener = await open(t);
  listener.serve(handlers());
  t.equal(await ask(listener, `${PREFACE}rest`), `http2:${PREFACE}rest`);
  t.equal(await ask(listener, "GET / HTTP/1.1\r\n\r\n"), "http1:GET / HTTP/1.1\r\n\r\n");
  t.equal(await ask(listener, "\x16\x03\x01"), "", "TLS where there is none");
  t.equal(await ask(listener, ...PREFACE.split(""), "x", "y"), `http2:${PREFACE}xy`);
  t.equal(await ask(listener, "PR", "OPFIND", " /"), "http1:PROPFIND /");
  t.equal(await ask(listener, PREFACE.replace("\x04", "\x05")), "");
});

void t.test("Listener serves all of very many who come at once", async (t) => {
  const listener = await open(t);
  listener.serve(handlers());
  const count = 2000;
  const sockets = await Promise.all(Array.from({ length: count }, () => dial(listener)));
  // The last in the queue is answered, so all are accepted, and none has said what it speaks.
  t.equal(await ask(listener, "GET"), "http1:GET");
  const answers = await Promise.all(
    sockets.map((socket) => {
      socket.end("GET");
      return answer(socket);
    }),
  );
  t.equal(answers.filter((text) => text === "http1:GET").length, count);
});

void t.test("Listener drops a connection that nobody serves", async (t) => {
  const listener = await open(t);
  const { http1 } = handlers();
  listener.serve({ http1 });
  t.equal(await ask(listener, PREFACE), "");
  t.equal(await ask(listener, "GET"), "http1:GET");
});

void t.test("Listener lets connections wait until it serves", async (t) => {
  const listener = await open(t);
  const early = await dial(listener);
  const answered = answer(early);
  early.end("GET /early");
  listener.serve(handlers());
  t.equal(await ask(listener, "GET /late"), "http1:GET /late");
  t.equal(await answered, "http1:GET /early");
});

void t.test("Listener.serve() is called once, and not after close()", async (t) => {
  const listener = await open(t);
  listener.serve(handlers());
  t.throws(() => listener.serve(handlers()), { message: `Cannot serve twice: ${listener.url}` });
  const done = await open(t);
  await done.close();
  t.throws(() => done.serve({}), { message: `Cannot serve: ${done.url} is closed` });
});

void t.test("Listener drops a connection that does not say what it speaks", async (t) => {
  const listener = await open(t, { prefaceTimeoutMs: 20 });
  const served = handlers();
  listener.serve(served);
  const silent = await dial(listener);
  const half = await dial(listener);
  half.write(PREFACE.slice(0, 20));
  t.same(await Promise.all([answer(silent), answer(half)]), ["", ""]);
  t.equal(served.http1.handled + served.http2.handled, 0);
});

void t.test("Listener is not troubled by a client that leaves within the preface", async (t) => {
  const listener = await open(t);
  listener.serve(handlers());
  t.equal(await ask(listener, PREFACE.slice(0, 10)), "");
  const reset = await dial(listener);
  reset.write(PREFACE.slice(0, 10));
  reset.resetAndDestroy();
  await closed(reset);
  t.equal(await ask(listener, "GET"), "http1:GET");
});

void t.test("Listener drops the oldest of too many undecided connections", async (t) => {
  const listener = await open(t, { undecidedConnectionsMax: 2 });
  listener.serve(handlers());
  const [first, second] = [await dial(listener), await dial(listener)];
  const firstAnswer = answer(first);
  t.equal(await ask(listener, "GET"), "http1:GET");
  t.equal(await firstAnswer, "");
  const secondAnswer = answer(second);
  second.end("GET");
  t.equal(await secondAnswer, "http1:GET");
});

void t.test("Listener.open() reports the real port", async (t) => {
  for (const host of ["127.0.0.1", "localhost", "0.0.0.0"]) {
    const listener = await open(t, { urls: [`http://${host}:0`] });
    listener.serve(handlers());
    const port = Number(new URL(listener.url).port);
    t.equal(listener.url, `http://${host}:${port}`);
    t.ok(port > 0);
    t.equal(await ask(listener, "GET"), "http1:GET");
  }
});

void t.test("Listener.open() listens on IPv6", async (t) => {
  let listener: Listener;
  try {
    listener = await open(t, { urls: ["http://[::1]:0"] });
  } catch (error) {
    t.match(error, { message: "listen tcp [::1]:0: bind: cannot assign requested address" });
    return;
  }
  listener.serve(handlers());
  t.match(listener.url, /^http:\/\/\[::1\]:\d+$/u);
  t.match(listener.address, /^\[::1\]:\d+$/u);
  t.equal(await ask(listener, "GET"), "http1:GET");
});

void t.test("Listener.open() at an address in use says so in Go's words", async (t) => {
  const listener = await open(t);
  const message = `listen tcp ${listener.address}: bind: address already in use`;
  await t.rejects(open(t, { urls: [listener.url] }), { name: "ListenError", message });
  const { port } = new URL(listener.url);
  await t.rejects(open(t, { urls: [`http://localhost:${port}`] }), { message });
  await t.rejects(open(t, { urls: [`http://0.0.0.0:${port}`] }), {
    message: `listen tcp 0.0.0.0:${port}: bind: address already in use`,
  });
});

void t.test("Listener.open() at an address of another machine fails in Go's words", async (t) => {
  // TEST-NET-1, which nobody has. Source: RFC 5737.
  await t.rejects(open(t, { urls: ["http://192.0.2.1:0"] }), {
    message: "listen tcp 192.0.2.1:0: bind: cannot assign requested address",
  });
});

void t.test("Listener.open() listens on a unix socket and removes it at the end", async (t) => {
  const path = join(shortFolder(t), "etcd.sock");
  const listener = await open(t, { urls: [`unix://${path}`] });
  listener.serve(handlers());
  t.equal(listener.url, `unix://${path}`);
  t.equal(await ask(listener, PREFACE), `http2:${PREFACE}`);
  await listener.close();
  t.equal(existsSync(path), false);
});

void t.test("Listener.open() takes a unix path relative to the working folder", async (t) => {
  const before = process.cwd();
  process.chdir(shortFolder(t));
  t.teardown(() => process.chdir(before));
  const listener = await open(t, { urls: ["unix://localhost:2379"] });
  listener.serve(handlers());
  t.equal(existsSync("localhost:2379"), true);
  t.equal(await ask(listener, "GET"), "http1:GET");
  await listener.close();
});

void t.test("Listener.open() replaces the socket of a dead server only", async (t) => {
  const path = join(shortFolder(t), "etcd.sock");
  const url = `unix://${path}`;
  await leaveStaleSocket(path);
  t.equal(existsSync(path), true);
  const listener = await open(t, { urls: [url] });
  const message = `listen unix ${path}: bind: address already in use`;
  await t.rejects(open(t, { urls: [url] }), { name: "ListenError", message });
  listener.serve(handlers());
  t.equal(await ask(listener, "GET"), "http1:GET");
  await listener.close();
  writeFileSync(path, "precious");
  await t.rejects(open(t, { urls: [url] }), { message });
});

/** What a server leaves that was killed: a process listens, and exits without closing. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { spawn } = await import("node:child_process");
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => {
    process.kill(process.pid, "SIGKILL");
  })`;
  await once(spawn(process.execPath, ["-e", script]), "exit");
}

void t.test("Listener.open() in a folder that is not there fails in Go's words", async (t) => {
  const path = join(shortFolder(t), "missing", "etcd.sock");
  await t.rejects(open(t, { urls: [`unix://${path}`] }), {
    message: `listen unix ${path}: bind: no such file or directory`,
  });
  const long = join(shortFolder(t), "x".repeat(200));
  await t.rejects(open(t, { urls: [`unix://${long}`] }), {
    message: `listen unix ${long}: bind: invalid argument`,
  });
});

void t.test("Listener.close() frees the address and drops who is undecided", async (t) => {
  const listener = await open(t);
  const waiting = await dial(listener);
  const answered = answer(waiting);
  await listener.close();
  t.equal(await answered, "");
  await t.rejects(dial(listener), { code: "ECONNREFUSED" });
});

void t.test("openListeners() opens all or none", async (t) => {
  const folder = shortFolder(t);
  const [first, second] = [`unix://${folder}/first`, `unix://${folder}/second`];
  const options = { logger: SILENT_LOGGER };
  const taken = await open(t, { urls: [second] });
  await t.rejects(openListeners([first, second], options), { name: "ListenError" });
  t.equal(existsSync(join(folder, "first")), false);
  await taken.close();
  const listeners = await openListeners([first, second], options);
  t.same(
    listeners.map(({ url }) => url),
    [first, second],
  );
  await Promise.all(listeners.map((listener) => listener.close()));
});

void t.test("openListeners() takes the same URL twice for one, port 0 apart", async (t) => {
  const once = `unix://${shortFolder(t)}/once`;
  const twice = "http://127.0.0.1:0";
  const listeners = await openListeners([once, once, twice, twice], { logger: SILENT_LOGGER });
  t.equal(listeners.length, 3);
  await Promise.all(listeners.map((listener) => listener.close()));
});
