/** Binding to an address, with Go's words for what keeps one from it. */
import { existsSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { ListenOptions, Server } from "node:net";
import { dirname } from "node:path";
import { hostPort } from "./listen-url.ts";
import type { ListenAddress } from "./listen-url.ts";

/** Milliseconds of silence before TCP asks whether the far end lives. Source: Go, net.Listen. */
const TCP_KEEP_ALIVE_MS = 15_000;

/** Connections the kernel queues before they are accepted. Source: Linux, net.core.somaxconn. */
export const BACKLOG_CONNECTIONS = 4096;

/**
 * Bytes of a unix socket's path. With more, Node would cut the path off and listen elsewhere.
 * Source: sun_path in Linux's and BSD's sys/un.h, without its closing zero.
 */
const UNIX_PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

/** An address could not be listened on. The text is Go's; `cause` is the system's error. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/**
 * A server that listens there, with nobody to take its connections yet. Throws {@link ListenError}.
 */
export async function listenOn(address: ListenAddress): Promise<Server> {
  if (address.kind === "unix") await makeRoomForSocket(address.path);
  // HTTP/1.1 clients may close their sending side before they read the answer.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      reject(new ListenError(listenText(address, cause), { cause }));
    };
    server.once("error", onError);
    server.listen({ ...listenOptions(address), backlog: BACKLOG_CONNECTIONS }, () => {
      server.off("error", onError);
      resolve();
    });
  });
  return server;
}

function listenOptions(address: ListenAddress): ListenOptions {
  if (address.kind === "unix") return { path: address.path };
  const { host, port } = address;
  // Go listens on all addresses of both families for either wildcard, where there are both. Left
  // out, the host means that here too.
  if (host === "0.0.0.0" || host === "::") return { port };
  // Of several addresses Go takes the first of IPv4.
  return { host: host === "localhost" ? "127.0.0.1" : host, port };
}

/** Go's text. Source: Go, net.OpError and syscall's error table. */
function listenText(address: ListenAddress, cause: NodeJS.ErrnoException): string {
  let reason = cause.code === undefined ? undefined : BIND_REASONS[cause.code];
  if (address.kind === "tcp") {
    const host = address.host === "localhost" ? "127.0.0.1" : address.host;
    return `listen tcp ${hostPort(host, address.port)}: bind: ${reason ?? cause.message}`;
  }
  // libuv says EACCES for a missing folder as well.
  const folderMissing = cause.code === "EACCES" && !existsSync(dirname(address.path));
  if (folderMissing) reason = BIND_REASONS["ENOENT"];
  return `listen unix ${address.path}: bind: ${reason ?? cause.message}`;
}

const BIND_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  ENOENT: "no such file or directory",
  EINVAL: "invalid argument",
};

/**
 * Removes the socket file of a server that is no more. etcd removes whatever has that name, a
 * running server's socket and a plain file included; here those are an address in use.
 */
async function makeRoomForSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new ListenError(`listen unix ${path}: bind: invalid argument`);
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket() || (await answers(path))) {
    throw new ListenError(`listen unix ${path}: bind: ${BIND_REASONS["EADDRINUSE"]}`);
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}
