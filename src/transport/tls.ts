/**
 * TLS in front of a {@link Listener}.
 *
 * The certificate and its key are read again for every handshake, as etcd does, so that new ones
 * are in force without a restart; what is known is parsed once. The authorities are read once.
 *
 * A TLS server of Node's tells of a finished handshake, but not whose it was. So each handshake
 * under way has a server to itself, which is used again for the next one: it is expensive to make
 * (a millisecond), and cheap to keep.
 */
import { constants, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer } from "node:tls";
import type { SecureVersion, Server, TLSSocket } from "node:tls";
import type { Logger } from "../wire/index.ts";
import { opensslCiphers } from "./cipher-suites.ts";
import { ClientCheck } from "./client-check.ts";
import type { ClientRules } from "./client-check.ts";
import { TlsFileError, readAuthorities, readKeyPair } from "./tls-files.ts";
import type { KeyPair } from "./tls-files.ts";

/** Servers that are kept for later handshakes, about 40 KiB each; more are forgotten after use. */
const IDLE_SERVERS_MAX = 16;

/** Bytes of the keys that sessions are resumed by. Source: Node.js, tls, server.setTicketKeys(). */
const TICKET_KEYS_BYTES = 48;

/** Versions by etcd's names. */
export type TlsVersion = "TLS1.2" | "TLS1.3";

/** Who the server is, and whom it lets in. Files are PEM. */
export interface TlsOptions extends ClientRules {
  /** The certificate, and those that certify it. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** In place of both files: a certificate of the server's own making, kept in a folder. */
  readonly selfSigned?: { readonly folder: string; readonly years: number } | undefined;
  /** A pair that nothing is done with but to look whether it is one: etcd calls itself by it. */
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  /** Authorities. With them, only clients are let in that have a certificate of theirs. */
  readonly trustedCaFile?: string | undefined;
  /** The same by the authorities that Node.js knows, where no file is given. Default false. */
  readonly clientCertAuth?: boolean | undefined;
  /** Default TLS 1.2. */
  readonly minVersion?: TlsVersion | undefined;
  /** Default the newest. */
  readonly maxVersion?: TlsVersion | undefined;
  /** Go's names, for TLS 1.2; default all good ones. */
  readonly cipherSuites?: readonly string[] | undefined;
}

const NODE_VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  "TLS1.2": "TLSv1.2",
  "TLS1.3": "TLSv1.3",
};

/** Makes connections secure, or drops them. */
export class TlsGate {
  readonly #options: TlsOptions;
  readonly #files: { readonly certFile: string; readonly keyFile: string };
  readonly #logger: Logger;
  readonly #authorities: string[] | undefined;
  readonly #clientCheck: ClientCheck;
  readonly #ticketKeys = randomBytes(TICKET_KEYS_BYTES);
  #pair: KeyPair;
  #protocols: readonly string[] = ["h2", "http/1.1"];
  #idle: Server[] = [];

  /** Reads all files. Throws {@link TlsFileError}, and for what OpenSSL will not have. */
  constructor(options: TlsOptions, logger: Logger) {
    const { certFile = "", keyFile = "", trustedCaFile } = options;
    if (certFile === "" || keyFile === "") {
      throw new Error(
        `KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`,
      );
    }
    this.#options = options;
    this.#files = { certFile, keyFile };
    this.#logger = logger;
    this.#pair = readKeyPair(certFile, keyFile);
    checkOwnClient(options);
    this.#clientCheck = new ClientCheck(options);
    this.#authorities = trustedCaFile === undefined ? undefined : readAuthorities(trustedCaFile);
    this.#createServer();
  }

  /** What clients may choose from by ALPN, best first. Default h2 and http/1.1. */
  offer(protocols: readonly string[]): void {
    this.#protocols = protocols;
    this.#idle = [];
  }

  /**
   * Takes a connection, of which bytes may have been read and put back. Calls back when it is secure
   * and the client is whom it has to be; else the connection is closed and there is no call.
   */
  handshake(socket: Socket, onSecure: (secure: TLSSocket) => void): void {
    const server = this.#takeServer();
    if (server === undefined) {
      socket.destroy();
      return;
    }
    const remote = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? ""}`;
    // Another list is in use by then when this server has become one of the past.
    const idle = this.#idle;
    const finish = (): void => {
      server.removeAllListeners("secureConnection").removeAllListeners("tlsClientError");
      if (idle.length < IDLE_SERVERS_MAX) idle.push(server);
    };
    server.once("secureConnection", (secure) => {
      finish();
      const problem = this.#clientCheck.isNeeded ? this.#clientCheck.problem(secure) : undefined;
      if (problem !== undefined) {
        secure.on("error", () => undefined).destroy();
        this.#tellOfRejection("warn", { secure, remote, problem });
        return;
      }
      secure.allowHalfOpen = socket.allowHalfOpen;
      onSecure(secure);
    });
    server.once("tlsClientError", (error, secure) => {
      finish();
      socket.destroy();
      this.#logRejection(error, secure, remote);
    });
    // Half a handshake is none: who ends within it is gone. Only what is secure may be half-open.
    const { allowHalfOpen } = socket;
    socket.allowHalfOpen = false;
    server.emit("connection", socket);
    socket.allowHalfOpen = allowHalfOpen;
  }

  /** As etcd does; who just went away is not worth a warning. */
  #logRejection(error: NodeJS.ErrnoException, secure: TLSSocket, remote: string): void {
    // Of OpenSSL's errors this is the part that says something. A certificate that is not good is
    // told of apart: the error is the end of the connection then.
    const reason: unknown = Reflect.get(error, "reason") ?? error.message;
    const problem = (secure.authorizationError as Error | string | null) ?? reason;
    const isGone = error.code === "ECONNRESET" && problem === reason;
    this.#tellOfRejection(isGone ? "debug" : "warn", { secure, remote, problem: String(problem) });
  }

  #tellOfRejection(
    level: "debug" | "warn",
    { secure, remote, problem }: { secure: TLSSocket; remote: string; problem: string },
  ): void {
    this.#logger[level]("rejected connection on client endpoint", {
      "remote-addr": remote,
      "server-name": secure.servername || "",
      error: problem,
    });
  }

  /** A server with what the files hold now; undefined when that is no pair. */
  #takeServer(): Server | undefined {
    const { certFile, keyFile } = this.#files;
    try {
      const pair = readKeyPair(certFile, keyFile, this.#pair);
      if (pair !== this.#pair) {
        this.#pair = pair;
        this.#idle = [];
      }
      return this.#idle.pop() ?? this.#createServer();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const fields = { "cert-file": certFile, "key-file": keyFile, error: problem };
      const isMissing = error instanceof TlsFileError && error.isMissing;
      const failure = isMissing
        ? "failed to find peer cert files"
        : "failed to create peer certificate";
      this.#logger.warn(failure, fields);
      return undefined;
    }
  }

  #createServer(): Server {
    const { clientCertAuth = false, minVersion, maxVersion, cipherSuites = [] } = this.#options;
    const isAsking = clientCertAuth || this.#authorities !== undefined;
    return createServer({
      ...this.#pair,
      ...(this.#authorities === undefined ? {} : { ca: this.#authorities }),
      requestCert: isAsking,
      rejectUnauthorized: isAsking,
      ALPNProtocols: [...this.#protocols],
      minVersion: NODE_VERSIONS[minVersion ?? "TLS1.2"],
      maxVersion: NODE_VERSIONS[maxVersion ?? "TLS1.3"],
      ...(cipherSuites.length === 0 ? {} : { ciphers: opensslCiphers(cipherSuites) }),
      ticketKeys: this.#ticketKeys,
      // A resumed session brings only the last of the certificates that have to be looked at.
      ...(this.#clientCheck.isNeeded ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
    });
  }
}

/** Source: etcd client/pkg/transport/listener.go, baseConfig. */
function checkOwnClient({ clientCertFile = "", clientKeyFile = "" }: TlsOptions): void {
  if ((clientCertFile === "") !== (clientKeyFile === "")) {
    throw new Error(
      "ClientKeyFile and ClientCertFile must both be present or both absent: " +
        `key: ${clientKeyFile}, cert: ${clientCertFile}]`,
    );
  }
  if (clientCertFile !== "") readKeyPair(clientCertFile, clientKeyFile);
}
