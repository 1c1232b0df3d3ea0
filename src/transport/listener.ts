/**
 * One listening socket, and the sorting of what arrives at it.
 *
 * Binding and serving are two steps, as in etcd: the port is taken before the store is opened, so
 * that a port in use is known at once and the real port of `:0` in time; who connects meanwhile
 * waits. Once there are handlers, the first bytes of each connection choose between them.
 *
 * A connection that has not said what it is costs a descriptor. Number and time are bounded:
 * {@link UNDECIDED_CONNECTIONS_MAX} and {@link PREFACE_TIMEOUT_MS}, with one timer for all.
 */
import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "../wire/index.ts";
import { Arrivals } from "./arrivals.ts";
import type { Place } from "./arrivals.ts";
import { putBack } from "./connection-handler.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { BACKLOG_CONNECTIONS, listenOn } from "./listen-socket.ts";
import { hostPort, parseListenUrl } from "./listen-url.ts";
import type { ListenAddress } from "./listen-url.ts";
import { protocolOf } from "./preface.ts";
import type { Protocol } from "./preface.ts";
import { SOCKET_CLOCK } from "./socket-clock.ts";
import type { TlsGate, TlsOptions } from "./tls.ts";

/**
 * Milliseconds in which a connection has to say what it speaks, and by TLS as many again from then
 * until it says so within; then it is dropped. Ten seconds is what etcd grants a TLS handshake.
 */
const PREFACE_TIMEOUT_MS = 10_000;

/**
 * Connections that have not yet said what they speak, or that wait for {@link Listener.serve}. One
 * more, and the oldest is dropped: whoever just came is the likelier one to be in earnest. All of
 * the kernel's queue may be accepted before the first of them is read, and as many come meanwhile,
 * as after a restart with many clients; so twice the queue.
 */
const UNDECIDED_CONNECTIONS_MAX = 2 * BACKLOG_CONNECTIONS;

/** Who serves what; what has no handler is dropped. */
export interface Handlers {
  readonly http2?: ConnectionHandler | undefined;
  readonly http1?: ConnectionHandler | undefined;
  /** By TLS, what a client gets that offers both is HTTP/1.1. Default HTTP/2. */
  readonly prefersHttp1?: boolean | undefined;
}

/** What {@link Listener.open} takes. */
export interface ListenerOptions {
  /** One address, see {@link parseListenUrl}, by one scheme or by both. */
  readonly urls: readonly string[];
  /** Needed for `https` and `unixs`. */
  readonly tls?: TlsOptions | undefined;
  readonly logger: Logger;
  /** Default {@link PREFACE_TIMEOUT_MS}. */
  readonly prefaceTimeoutMs?: number | undefined;
  /** Default {@link UNDECIDED_CONNECTIONS_MAX}. */
  readonly undecidedConnectionsMax?: number | undefined;
}

/** A connection that is being asked what it speaks. */
interface Undecided {
  readonly socket: Socket;
  place: Place<Undecided> | undefined;
  /** What is within the connection, once it is secure. */
  secure: TLSSocket | undefined;
  bytes: Buffer | undefined;
  /** When it is dropped; not before it is asked. */
  deadlineMs: number;
}

/** An address that is listened on, until {@link Listener.close}. */
export class Listener {
  /** With the real port, in the order asked for. */
  readonly urls: readonly string[];
  /** What the system calls it: `127.0.0.1:2379`, or the path of the socket. */
  readonly address: string;
  readonly #server: Server;
  readonly #takesPlain: boolean;
  readonly #gate: TlsGate | undefined;
  readonly #prefaceTimeoutMs: number;
  readonly #undecidedConnectionsMax: number;
  readonly #undecided = new Arrivals<Undecided>();
  /** Runs while it may be needed, and then to the first deadline or to an earlier time. */
  #stopTimer: (() => void) | undefined;
  #handlers: Handlers | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    server: Server,
    addresses: readonly ListenAddress[],
    gate: TlsGate | undefined,
    options: ListenerOptions,
  ) {
    const bound = server.address();
    if (typeof bound === "string" || bound === null) {
      this.urls = options.urls.map((url) => url.trim());
      this.address = String(bound);
    } else {
      this.urls = addresses.map((address) => urlOf(address, bound.port));
      this.address = hostPort(bound.address, bound.port);
    }
    this.#server = server;
    this.#takesPlain = addresses.some(({ secure }) => !secure);
    this.#gate = gate;
    this.#prefaceTimeoutMs = options.prefaceTimeoutMs ?? PREFACE_TIMEOUT_MS;
    this.#undecidedConnectionsMax = options.undecidedConnectionsMax ?? UNDECIDED_CONNECTIONS_MAX;
    server.on("connection", (socket) => this.#accept(socket));
    // Such as too many open files: this connection is lost, the next one may do.
    server.on("error", (error) => {
      options.logger.warn("failed to accept a connection", { url: this.url, error: error.message });
    });
  }

  /**
   * Binds. Throws {@link ListenError} when that fails, and what {@link parseListenUrl} and
   * {@link TlsGate} throw.
   */
  static async open(options: ListenerOptions): Promise<Listener> {
    const addresses = options.urls.map(parseListenUrl);
    const [address] = addresses;
    if (address === undefined) throw new Error("Cannot listen: no URL given");
    const isSecure = addresses.some(({ secure }) => secure);
    const gate = isSecure ? await openGate(options) : undefined;
    return new Listener(await listenOn(address), addresses, gate, options);
  }

  /** The first of {@link Listener.urls}. */
  get url(): string {
    return this.urls[0] ?? "";
  }

  /** By what it is served: plain, by TLS, or both. */
  get traffic(): { readonly isPlain: boolean; readonly isSecure: boolean } {
    return { isPlain: this.#takesPlain, isSecure: this.#gate !== undefined };
  }

  /** Hands connections over from now on, those first that came before. Called once. */
  serve(handlers: Handlers): void {
    if (this.#handlers !== undefined) throw new Error(`Cannot serve twice: ${this.url}`);
    if (this.#closed !== undefined) throw new Error(`Cannot serve: ${this.url} is closed`);
    this.#handlers = handlers;
    this.#gate?.offer(protocolsOf(handlers));
    for (const undecided of this.#undecided.values()) this.#ask(undecided);
  }

  /**
   * Frees the address at once and drops the undecided. Resolves when the connections that were
   * handed over are closed as well; to that end their handlers are to be closed meanwhile.
   */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const undecided of this.#undecided.values()) this.#drop(undecided);
      this.#stopTimer?.();
    });
    return this.#closed;
  }

  #accept(socket: Socket): void {
    const { oldest, size } = this.#undecided;
    if (oldest !== undefined && size >= this.#undecidedConnectionsMax) this.#drop(oldest);
    const undecided: Undecided = {
      socket,
      place: undefined,
      secure: undefined,
      bytes: undefined,
      deadlineMs: Infinity,
    };
    undecided.place = this.#undecided.add(undecided);
    // Before it says what it is, a connection may break without anybody having to know. No one else
    // closes it meanwhile, so that its close need not be listened to.
    socket.on("error", () => this.#forget(undecided));
    if (this.#handlers !== undefined) this.#ask(undecided);
  }

  #ask(undecided: Undecided): void {
    undecided.deadlineMs = SOCKET_CLOCK.nowMs() + this.#prefaceTimeoutMs;
    this.#stopTimer ??= SOCKET_CLOCK.after(this.#prefaceTimeoutMs, this.#dropOverdue);
    const stream = undecided.secure ?? undecided.socket;
    const onEnd = (): void => this.#drop(undecided);
    const onData = (chunk: Buffer): void => {
      const { bytes: before } = undecided;
      const bytes = before === undefined ? chunk : Buffer.concat([before, chunk]);
      const protocol = protocolOf(bytes);
      if (protocol === undefined) {
        undecided.bytes = bytes;
        return;
      }
      stream.off("data", onData);
      stream.off("end", onEnd);
      this.#decide(undecided, protocol, bytes);
    };
    stream.on("data", onData);
    stream.on("end", onEnd);
  }

  #decide(undecided: Undecided, protocol: Protocol, bytes: Buffer): void {
    const { socket, secure } = undecided;
    if (protocol === "tls" && secure === undefined && this.#gate !== undefined) {
      socket.once("close", () => this.#forget(undecided));
      putBack(socket, bytes);
      this.#gate.handshake(socket, (within) => this.#askWithin(undecided, within));
      return;
    }
    this.#forget(undecided);
    const isAllowed = secure === undefined ? this.#takesPlain : isAgreed(secure, protocol);
    const isHttp = protocol === "http1" || protocol === "http2";
    const handler = isHttp && isAllowed ? this.#handlers?.[protocol] : undefined;
    if (handler === undefined || this.#closed !== undefined) {
      socket.destroy();
      return;
    }
    handler.handle(secure ?? socket, bytes);
  }

  #askWithin(undecided: Undecided, secure: TLSSocket): void {
    secure.on("error", ignore);
    undecided.secure = secure;
    undecided.bytes = undefined;
    this.#ask(undecided);
  }

  #forget({ place }: Undecided): void {
    if (place !== undefined) this.#undecided.remove(place);
  }

  #drop(undecided: Undecided): void {
    this.#forget(undecided);
    undecided.socket.destroy();
  }

  readonly #dropOverdue = (): void => {
    const nowMs = SOCKET_CLOCK.nowMs();
    let nextMs = Infinity;
    for (const undecided of this.#undecided.values()) {
      const { deadlineMs } = undecided;
      if (deadlineMs <= nowMs) this.#drop(undecided);
      else nextMs = Math.min(nextMs, deadlineMs);
    }
    this.#stopTimer =
      nextMs === Infinity ? undefined : SOCKET_CLOCK.after(nextMs - nowMs, this.#dropOverdue);
  };
}

/** Source: RFC 7301; etcd's servers, which choose likewise. */
function protocolsOf({ http1, http2, prefersHttp1 = false }: Handlers): string[] {
  const offered = [
    ...(http2 === undefined ? [] : ["h2"]),
    ...(http1 === undefined ? [] : ["http/1.1"]),
  ];
  return prefersHttp1 ? offered.toReversed() : offered;
}

/** What was agreed on by ALPN has to be kept to. */
function isAgreed({ alpnProtocol }: TLSSocket, protocol: Protocol): boolean {
  if (alpnProtocol === "h2") return protocol === "http2";
  if (alpnProtocol === "http/1.1") return protocol === "http1";
  return true;
}

function urlOf(address: ListenAddress, port: number): string {
  const host = address.kind === "tcp" ? address.host : "";
  return `${address.secure ? "https" : "http"}://${hostPort(host, port)}`;
}

/** Loaded only for who serves by TLS. */
async function openGate({ urls, tls, logger }: ListenerOptions): Promise<TlsGate> {
  if (tls === undefined) {
    // Source: etcd server/embed/etcd.go, configureClientListeners.
    const url = urls.find((text) => /^(?:http|unix)s:/u.test(text.trim())) ?? "";
    throw new Error(
      "TLS key/cert (--cert-file, --key-file) must be provided for client url " +
        `${url} with HTTPS scheme`,
    );
  }
  const { TlsGate: Gate } = await import("./tls.ts");
  return new Gate(tls, logger);
}

/**
 * Opens all or none. URLs of one address are one listener, as in etcd, also when one of them is by
 * TLS and the other is not; with port 0 they are several.
 */
export async function openListeners(
  urls: readonly string[],
  options: Omit<ListenerOptions, "urls">,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const group of byAddress(urls)) {
      listeners.push(await Listener.open({ ...options, urls: group }));
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
  return listeners;
}

function byAddress(urls: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const url of urls) {
    const place = url.trim().replace(/^(http|unix)s/u, "$1");
    // The system gives a port of its own to each that asks for any.
    const key = place.endsWith(":0") ? `${place} ${groups.size}` : place;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [url]);
    else if (!group.includes(url)) group.push(url);
  }
  return [...groups.values()];
}

function ignore(): void {}
