/** What all commands have in common: the environment, where the servers are, who asks, how to print. */
import { readFileSync } from "node:fs";
import type { Client, UnaryRequest, UnaryResponse } from "../../client/index.ts";
import type { ConnectOptions } from "../../embed/index.ts";
import { EtcdError, STATUS, codeName } from "../../wire/index.ts";
import type { UnaryMethod } from "../../wire/index.ts";
import { createPrinter } from "../print/printer.ts";
import type { Printer } from "../print/printer.ts";
import { applyVariables } from "./variables.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { FlagTable, Terminal } from "./definition.ts";
import type { Flags } from "./flags.ts";

/** Between attempts to reach a server, ms. */
const RETRY_MS = 100;

/** What grpc-js says of a call that it has not sent, so that it may be made again. */
const NOT_SENT = /^(?:No connection established|Name resolution failed)/u;

/** The settings of one run. */
export class Session {
  readonly printer: Printer;
  readonly terminal: Terminal;
  /** As they were given. */
  readonly endpoints: readonly string[];
  readonly #flags: Flags;
  readonly #options: ConnectOptions;
  /** By TLS even where no scheme says so. */
  readonly #isSecure: boolean;
  readonly #who: { readonly name: string; readonly password: string } | undefined;
  #token: string | undefined;

  private constructor(
    flags: Flags,
    terminal: Terminal,
    who: { readonly name: string; readonly password: string } | undefined,
  ) {
    this.#flags = flags;
    this.terminal = terminal;
    this.endpoints = flags.list("endpoints");
    this.#who = who;
    const token = flags.text("auth-jwt-token");
    this.#token = token === "" ? undefined : token;
    this.printer = createPrinter(flags.text("write-out"), {
      terminal,
      isHex: flags.boolean("hex"),
    });
    const tls = readTls(flags);
    this.#options = { tls };
    this.#isSecure = tls !== undefined;
  }

  /** Heeds what all commands heed. `shared` are the flags that the environment may set. */
  static async open(flags: Flags, terminal: Terminal, shared: FlagTable): Promise<Session> {
    applyVariables(flags, shared, terminal);
    return new Session(flags, terminal, await identityOf(flags, terminal));
  }

  /** Milliseconds that most commands may take. */
  get limitMs(): number {
    return this.#flags.durationMs("command-timeout");
  }

  /** A connection to these endpoints; asks for a token first where there is a user. */
  async connect(endpoints: readonly string[] = this.endpoints): Promise<Connection> {
    if (endpoints.length === 0) {
      throw new CommandError(EXIT.badConnection, "etcdclient: no available endpoints");
    }
    const urls = endpoints.map((endpoint) => urlOf(endpoint, this.#isSecure));
    if (this.#who !== undefined && this.#token === undefined) {
      this.#token = await this.#authenticate(urls);
    }
    const metadata = this.#token === undefined ? undefined : { token: this.#token };
    const options = { ...this.#options, metadata };
    return new Connection(await this.terminal.connect(urls, options), this);
  }

  /** A token; undefined where nobody needs one. */
  async #authenticate(urls: readonly string[]): Promise<string | undefined> {
    const connection = new Connection(await this.terminal.connect(urls, this.#options), this);
    try {
      const limitMs = this.#flags.durationMs("dial-timeout");
      return (await connection.refusable("authenticate", this.#who ?? {}, limitMs)).token;
    } catch (error) {
      if (error instanceof EtcdError && error.reason === "authNotEnabled") return undefined;
      throw new CommandError(EXIT.badConnection, errorText(error));
    } finally {
      connection.close();
    }
  }
}

/** A client that waits for its server as etcdctl does, and whose refusals end the command. */
export class Connection {
  readonly client: Client;
  readonly session: Session;

  constructor(client: Client, session: Session) {
    this.client = client;
    this.session = session;
  }

  /** One call within the command's time. A refusal ends the command with `exitCode`. */
  async call<Method extends UnaryMethod>(
    method: Method,
    request: UnaryRequest<Method>,
    options: {
      readonly exitCode?: number;
      readonly prefix?: string;
      readonly isPatient?: boolean;
    } = {},
  ): Promise<UnaryResponse<Method>> {
    const limitMs = options.isPatient === true ? Number.POSITIVE_INFINITY : this.session.limitMs;
    try {
      return await this.refusable(method, request, limitMs);
    } catch (error) {
      const text = errorText(error);
      const message = options.prefix === undefined ? text : `${options.prefix} (${text})`;
      throw new CommandError(options.exitCode ?? EXIT.error, message);
    }
  }

  /** As {@link call}, but rejects with what the client rejects with. */
  async refusable<Method extends UnaryMethod>(
    method: Method,
    request: UnaryRequest<Method>,
    limitMs: number = this.session.limitMs,
  ): Promise<UnaryResponse<Method>> {
    const { terminal } = this.session;
    const deadlineMs = terminal.nowMs() + limitMs;
    for (;;) {
      try {
        return await this.#within(this.client.unary(method, request), deadlineMs);
      } catch (error) {
        if (!isNotSent(error)) throw error;
        if (terminal.nowMs() + RETRY_MS >= deadlineMs) {
          throw new EtcdError(STATUS.deadlineExceeded, DEADLINE);
        }
        await terminal.sleep(RETRY_MS);
      }
    }
  }

  close(): void {
    this.client.close();
  }

  async #within<Result>(answer: Promise<Result>, deadlineMs: number): Promise<Result> {
    if (deadlineMs === Number.POSITIVE_INFINITY) return await answer;
    const { terminal } = this.session;
    const late = terminal.sleep(deadlineMs - terminal.nowMs()).then((): never => {
      throw new EtcdError(STATUS.deadlineExceeded, DEADLINE);
    });
    // Whichever is later is heard by nobody.
    late.catch(() => undefined);
    answer.catch(() => undefined);
    return await Promise.race([answer, late]);
  }
}

/** What Go says of a call that took too long. */
const DEADLINE = "context deadline exceeded";

/** Whether a call has not left this process, so that the server cannot have heard of it. */
export function isNotSent(error: unknown): boolean {
  return (
    error instanceof EtcdError && error.code === STATUS.unavailable && NOT_SENT.test(error.message)
  );
}

/** The words for a refusal. Source: etcd client/v3, toErr, and grpc-go's Status.String. */
export function errorText(error: unknown): string {
  if (!(error instanceof EtcdError)) return error instanceof Error ? error.message : String(error);
  if (error.message.startsWith("etcdserver: ") || error.message === DEADLINE) return error.message;
  return `rpc error: code = ${codeName(error.code)} desc = ${error.message}`;
}

/** Source: etcd client/v3/internal/endpoint/endpoint.go. */
function urlOf(endpoint: string, isSecure: boolean): string {
  if (/^unixs?:/u.test(endpoint)) return endpoint.replace(/^(unixs?):(?!\/\/)/u, "$1://");
  if (/^https?:\/\//u.test(endpoint)) return endpoint;
  return `${isSecure ? "https" : "http"}://${endpoint.replace(/^[a-z]+:\/\//u, "")}`;
}

async function identityOf(
  flags: Flags,
  terminal: Terminal,
): Promise<{ readonly name: string; readonly password: string } | undefined> {
  const user = flags.text("user");
  const password = flags.text("password");
  if (user === "" || flags.text("auth-jwt-token") !== "") return undefined;
  if (password !== "") return { name: user, password };
  const colonAt = user.indexOf(":");
  if (colonAt >= 0) return { name: user.slice(0, colonAt), password: user.slice(colonAt + 1) };
  const typed = await terminal.readSecret("Password: ");
  if (typed === undefined) throw new CommandError(EXIT.error, "EOF");
  return { name: user, password: typed };
}

/** Source: etcd client/v3/config.go, newTLSConfig. */
function readTls(flags: Flags): ConnectOptions["tls"] {
  const [cert, key, cacert] = ["cert", "key", "cacert"].map((name) => {
    const path = flags.text(name);
    if (path === "" && flags.isGiven(name)) {
      throw badArguments(`empty string is passed to --${name} option`);
    }
    return path;
  }) as [string, string, string];
  const skipsVerify = flags.boolean("insecure-skip-tls-verify");
  const isWanted = cert !== "" || key !== "" || cacert !== "" || skipsVerify;
  if (!isWanted && flags.boolean("insecure-transport")) return undefined;
  if ((cert === "") !== (key === "")) {
    throw badArguments(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`);
  }
  return {
    ca: readPem(cacert),
    cert: readPem(cert),
    key: readPem(key),
    rejectUnauthorized: !skipsVerify,
  };
}

function readPem(path: string): Uint8Array | undefined {
  if (path === "") return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw badArguments(isMissing ? `open ${path}: no such file or directory` : String(error));
  }
}
