/** Both servers of gRPC over every kind of socket: the same calls come through all of them. */
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import type { ConnectionHandler } from "../../src/transport/connection-handler.ts";
import { GrpcJsServer } from "../../src/transport/grpc-js-server.ts";
import { GrpcServer } from "../../src/transport/grpc-server.ts";
import { KEEPALIVE_INTERVAL_MS, KEEPALIVE_TIMEOUT_MS } from "../../src/transport/http2/limits.ts";
import { Listener } from "../../src/transport/index.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { duplexPair } from "./http2/duplex-pair.ts";
import { TestClock } from "./http2/test-clock.ts";

/** More than any window: it takes flow control both ways. */
const LARGE = Buffer.alloc(1_500_000, "etcd");

const OPTIONS = {
  channel: echoChannel(),
  pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
  logger: SILENT_LOGGER,
};

const SERVERS: Readonly<Record<string, () => ConnectionHandler>> = {
  http2: () => new GrpcServer(OPTIONS),
  "grpc-js": () => new GrpcJsServer(OPTIONS),
};

/** A way to get connected to a server. */
type Dial = (t: Test, server: ConnectionHandler) => Promise<Duplex>;

const SOCKETS: Readonly<Record<string, Dial>> = {
  "a pair in memory": async (_t, server) => {
    const [near, far] = duplexPair();
    far.pause();
    server.handle(far, Buffer.alloc(0));
    return near;
  },
  TCP: async (t, server) => connectTcp(portOf(await listen(t, server, "http://127.0.0.1:0"))),
  TLS: async (t, server) => {
    const listener = await listen(t, server, "https://127.0.0.1:0");
    return connectTls({ port: portOf(listener), ALPNProtocols: ["h2"], rejectUnauthorized: false });
  },
  "a unix socket": async (t, server) => {
    const { address } = await listen(t, server, `unix://${await tempDirectory(t)}/socket`);
    return connectTcp({ path: address });
  },
  "TLS over a unix socket": async (t, server) => {
    const { address } = await listen(t, server, `unixs://${await tempDirectory(t)}/socket`);
    return connectTls({ path: address, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  },
};

async function listen(t: Test, http2: ConnectionHandler, url: string): Promise<Listener> {
  const { certFile, keyFile } = new TestAuthority(await tempDirectory(t)).certify("server");
  const tls = { certFile, keyFile };
  const listener = await Listener.open({ urls: [url], tls, logger: SILENT_LOGGER });
  t.teardown(() => listener.close());
  listener.serve({ http2 });
  return listener;
}

function portOf(listener: Listener): number {
  return Number(new URL(listener.url).port);
}

function call(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  return session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
}

function prefixed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

for (const [serverName, makeServer] of Object.entries(SERVERS)) {
  for (const [socketName, dial] of Object.entries(SOCKETS)) {
    void t.test(`${serverName} over ${socketName} answers calls and streams`, async (t) => {
      const server = makeServer();
      const socket = await dial(t, server);
      const session = connectHttp2("http://localhost", { createConnection: () => socket });
      t.teardown(() => session.destroy());
      const large = call(session, "/etcdserverpb.KV/Put");
      large.end(prefixed(LARGE));
      t.same(await buffer(large), prefixed(LARGE));
      const stream = call(session, "/etcdserverpb.Watch/Watch");
      for (const word of ["one", "two"]) {
        stream.write(prefixed(Buffer.from(word)));
        const [answer] = (await once(stream, "data")) as [Buffer];
        t.same(answer, prefixed(Buffer.from(word)));
      }
      const closing = server.close({ graceMs: 10_000 });
      await once(session, "goaway");
      stream.end(prefixed(Buffer.from("three")));
      t.same(await buffer(stream), prefixed(Buffer.from("three")), "served to its end");
      await closing;
      if (!session.closed) await once(session, "close");
      t.equal(socket.destroyed || socket.readableEnded, true);
    });
  }
}

void t.test("GrpcServer neither pings nor counts pings by TLS, as etcd", async (t) => {
  const clock = new TestClock();
  const server = new GrpcServer({ ...OPTIONS, clock });
  t.teardown(() => server.close({ graceMs: 0 }));
  const [plain, secure] = await Promise.all(
    ["TCP", "TLS"].map(async (name) => {
      const socket = await SOCKETS[name]!(t, server);
      const session = connectHttp2("http://localhost", { createConnection: () => socket });
      t.teardown(() => session.destroy());
      const heard: string[] = [];
      session.on("error", () => undefined);
      session.on("ping", () => heard.push("ping")).on("goaway", () => heard.push("goaway"));
      await once(session, "remoteSettings");
      // Our own SETTINGS have arrived before the answer to this.
      await ping(session);
      return { session, heard };
    }),
  );
  clock.advance(KEEPALIVE_INTERVAL_MS);
  await once(plain!.session, "ping");
  await ping(plain!.session);
  for (let count = 0; count < 20; count++) await ping(secure!.session);
  clock.advance(KEEPALIVE_INTERVAL_MS + KEEPALIVE_TIMEOUT_MS);
  await ping(secure!.session);
  t.same(secure!.heard, []);
  t.same(plain!.heard[0], "ping");
});

async function ping(session: ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}
