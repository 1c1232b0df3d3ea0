/**
 * One listening socket, and the sorting of what arrives at it.
 *
 * Binding and serving are two steps, as in etcd: the port is taken before the store is opened, so
 * that a port in use is known at once and the real port of `:0` in time; who connects meanwhile
 * waits. Once there are handlers, the first bytes of each connection choose between them.
 *
 * A connection that has not said what it is costs a descriptor and a timer. Both are bounded:
 * {@link PREFACE_TIMEOUT_MS} and {@link UNDECIDED_CONNECTIONS_MAX}.
 */
import { existsSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, ListenOptions, Server, Socket } from "node:net";
import { dirname } from "node:path";
import type { Logger } from "../wire/index.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { hostPort, parseListenUrl } from "./listen-url.ts";
import type { ListenAddress } from "./listen-url.ts";
import { protocolOf } from "./preface.ts";
import type { Protocol } from "./preface.ts";

/**
 * Milliseconds in which a connection has to say what it speaks; then it is dropped. Clients send
 * their first bytes with the handshake; ten seconds is what etcd grants a TLS handshake.
 */
const PREFACE_TIMEOUT_MS = 10_000;

/**
 * Connections that have not yet said what they speak, or that wait for {@link Listener.serve}. One
 * more, and the oldest is dropped: whoever just came is the likelier one to be in earnest.
 */
const UNDECIDED_CONNECTIONS_MAX = 1024;

/** Milliseconds of silence before TCP asks whether the far end lives. Source: Go, net.Listen. */
const TCP_KEEP_ALIVE_MS = 15_000;

/** Connections the kernel queues before they are accepted. Source: Linux, net.core.somaxconn. */
const BACKLOG_CONNECTIONS = 4096;

/**
 * Bytes of a unix socket's path. With more, Node would cut the path off and listen elsewhere.
 * Source: sun_path in Linux's and BSD's sys/un.h, without its closing zero.
 */
const UNIX_PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

/** An address could not be listened on. The text is Go's; `cause` is the system's error. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Who serves what; what has no handler is dropped. */
export interface Handlers {
  readonly http2?: ConnectionHandler | undefined;
  readonly http1?: ConnectionHandler | undefined;
}

/** What {@link Listener.open} takes. */
export interface ListenerOptions {
  /** See {@link parseListenUrl}. */
  readonly url: string;
  readonly logger: Logger;
  /** Default {@link PREFACE_TIMEOUT_MS}. */
  readonly prefaceTimeoutMs?: number | undefined;
  /** Default {@link UNDECIDED_CONNECTIONS_MAX}. */
  readonly undecidedConnectionsMax?: number | undefined;
}

/** A connection that is being asked what it speaks. */
interface Undecided {
  bytes: Buffer | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** An address that is listened on, until {@link Listener.close}. */
export class Listener {
  /** The URL with the real port. */
  readonly url: string;
  /** What the system calls it: `127.0.0.1:2379`, or the path of the socket. */
  readonly address: string;
  readonly #server: Server;
  readonly #prefaceTimeoutMs: number;
  readonly #undecidedConnectionsMax: number;
  /** The oldest first. */
  readonly #undecided = new Map<Socket, Undecided>();
  #handlers: Handlers | undefined;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, address: ListenAddress, options: ListenerOptions) {
    if (address.kind === "unix") {
      this.url = options.url.trim();
      this.address = address.path;
    } else {
      // It is bound, and not to a path.
      const { address: host, port } = server.address() as AddressInfo;
      this.url = `http://${hostPort(address.host, port)}`;
      this.address = hostPort(host, port);
    }
    this.#server = server;
    this.#prefaceTimeoutMs = options.prefaceTimeoutMs ?? PREFACE_TIMEOUT_MS;
    this.#undecidedConnectionsMax = options.undecidedConnectionsMax ?? UNDECIDED_CONNECTIONS_MAX;
    server.on("connection", (socket) => this.#accept(socket));
    // Such as too many open files: this connection is lost, the next one may do.
    server.on("error", (error) => {
      options.logger.warn("failed to accept a connection", { url: this.url, error: error.message });
    });
  }

  /** Binds. Throws {@link ListenError} when that fails, and what {@link parseListenUrl} throws. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const address = parseListenUrl(options.url);
    if (address.kind === "unix") await makeRoomForSocket(address.path);
    // HTTP/1.1 clients may close their sending side before they read the answer.
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    });
    await bind(server, address);
    return new Listener(server, address, options);
  }

  /** Hands connections over from now on, those first that came before. Called once. */
  serve(handlers: Handlers): void {
    if (this.#handlers !== undefined) throw new Error(`Cannot serve twice: ${this.url}`);
    if (this.#closed !== undefined) throw new Error(`Cannot serve: ${this.url} is closed`);
    this.#handlers = handlers;
    for (const [socket, undecided] of this.#undecided) this.#ask(socket, undecided);
  }

  /**
   * Frees the address at once and drops the undecided. Resolves when the connections that were
   * handed over are closed as well; to that end their handlers are to be closed meanwhile.
   */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#undecided.keys()) socket.destroy();
    });
    return this.#closed;
  }

  #accept(socket: Socket): void {
    const [oldest] = this.#undecided.keys();
    if (oldest !== undefined && this.#undecided.size >= this.#undecidedConnectionsMax) {
      this.#forget(oldest);
      oldest.destroy();
    }
    const undecided: Undecided = { bytes: undefined, timer: undefined };
    this.#undecided.set(socket, undecided);
    // Before it says what it is, a connection may break without anybody having to know.
    socket.on("error", ignore);
    socket.once("close", () => this.#forget(socket));
    if (this.#handlers !== undefined) this.#ask(socket, undecided);
  }

  #ask(socket: Socket, undecided: Undecided): void {
    undecided.timer = setTimeout(() => socket.destroy(), this.#prefaceTimeoutMs).unref();
    const onEnd = (): void => void socket.destroy();
    const onData = (chunk: Buffer): void => {
      const { bytes: before } = undecided;
      const bytes = before === undefined ? chunk : Buffer.concat([before, chunk]);
      undecided.bytes = bytes;
      const protocol = protocolOf(bytes);
      if (protocol === undefined) return;
      socket.off("data", onData);
      socket.off("end", onEnd);
      this.#forget(socket);
      socket.pause();
      socket.unshift(bytes);
      this.#handOver(socket, protocol);
    };
    socket.on("data", onData);
    socket.once("end", onEnd);
  }

  #handOver(socket: Socket, protocol: Protocol): void {
    const handler = protocol === "neither" ? undefined : this.#handlers?.[protocol];
    if (handler === undefined || this.#closed !== undefined) {
      socket.destroy();
      return;
    }
    handler.handle(socket);
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#undecided.get(socket)?.timer);
    this.#undecided.delete(socket);
  }
}

/** Opens all or none. The same URL twice is one listener, as in etcd; with port 0 it is two. */
export async function openListeners(
  urls: readonly string[],
  options: Omit<ListenerOptions, "url">,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  const seen = new Set<string>();
  try {
    for (const url of urls) {
      if (seen.has(url)) continue;
      if (!url.endsWith(":0")) seen.add(url);
      listeners.push(await Listener.open({ ...options, url }));
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
  return listeners;
}

async function bind(server: Server, address: ListenAddress): Promise<void> {
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

function ignore(): void {}
