/**
 * What every request for a page passes, whichever HTTP it came by: hosts that a name server could
 * have lied about are sent away, scripts of other origins are told what they may read, and who might
 * think to be known to the gateway by a certificate is told that nobody is.
 * Source: etcd server/embed/serve.go, accessController.
 */
import { authorityOf, fieldOf } from "../wire/index.ts";
import type { Logger } from "../wire/index.ts";
import type { ExchangePages, ExchangeReply, HttpExchange } from "./http-exchange.ts";

export interface HttpAccessOptions {
  readonly pages: ExchangePages;
  /**
   * Origins whose scripts may read the answers; `*`, or none at all, is everybody. Left out, there
   * are no such headers, and OPTIONS goes to the pages like any other method.
   */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Names that a plain request may give as its host; `*`, or none at all, is any. Default any. */
  readonly hostWhitelist?: readonly string[] | undefined;
  /** Whether the names in clients' certificates are those of users, though not for the gateway. */
  readonly areNamesUsers?: (() => boolean) | undefined;
  readonly logger: Logger;
}

/** Pages behind these checks. Never rejects: what fails is a reply as well. */
export class HttpAccess implements ExchangePages {
  readonly #pages: ExchangePages;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #hosts: ReadonlySet<string>;
  readonly #areNamesUsers: () => boolean;
  readonly #logger: Logger;

  constructor(options: HttpAccessOptions) {
    this.#pages = options.pages;
    this.#origins = options.corsOrigins === undefined ? undefined : listed(options.corsOrigins);
    this.#hosts = listed(options.hostWhitelist ?? []);
    this.#areNamesUsers = options.areNamesUsers ?? (() => false);
    this.#logger = options.logger;
  }

  async page(exchange: HttpExchange): Promise<ExchangeReply> {
    const host = hostOf(exchange);
    if (!exchange.isSecure && !this.#hosts.has("*") && !this.#hosts.has(host)) {
      this.#logger.warn("rejecting HTTP request to prevent DNS rebinding attacks", { host });
      return { status: 421, headers: PLAIN, body: unknownHostText(host) };
    }
    if (this.#areNamesUsers() && isNamed(exchange) && GATEWAY_PATH.test(exchange.path)) {
      return { status: 400, headers: PLAIN, body: NAMED_TEXT };
    }
    const cors = this.#corsHeaders(exchange);
    const reply = await this.#answer(exchange);
    return { ...reply, headers: { ...reply.headers, ...cors } };
  }

  async #answer(exchange: HttpExchange): Promise<ExchangeReply> {
    if (this.#origins !== undefined && exchange.method === "OPTIONS") return EMPTY_REPLY;
    try {
      return await this.#pages.page(exchange);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error("failed to answer a page", { path: exchange.path, error: message });
      return FAILED_REPLY;
    }
  }

  #corsHeaders(exchange: HttpExchange): Readonly<Record<string, string>> {
    if (this.#origins === undefined) return {};
    const origin = this.#origins.has("*") ? "*" : fieldOf(exchange, "origin");
    if (origin === undefined || !this.#origins.has(origin)) return {};
    return { "Access-Control-Allow-Origin": origin, ...CORS_HEADERS };
  }
}

/** Source: etcd server/etcdserver/server.go, AccessController: an empty list is no restriction. */
function listed(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.length === 0 ? ["*"] : names);
}

/** Source: etcd pkg/httputil/httputil.go, GetHostname. */
function hostOf(exchange: HttpExchange): string {
  const host = authorityOf(exchange) ?? "";
  const [, bracketed, name] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):[^:[\]]*$/u.exec(host) ?? [];
  return bracketed ?? name ?? host;
}

/** Source: etcd server/embed/serve.go, addCORSHeader. */
const CORS_HEADERS = {
  "Access-Control-Allow-Methods": "POST, GET, OPTIONS, PUT, DELETE",
  "Access-Control-Allow-Headers": "accept, content-type, authorization",
} as const;

const GATEWAY_PATH = /^\/v3(?:beta)?\//u;

/** Source: etcd server/embed/serve.go, accessController.ServeHTTP. */
const NAMED_TEXT =
  "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

function isNamed(exchange: HttpExchange): boolean {
  return (exchange.certificateName() ?? "") !== "";
}

const PLAIN = {
  "Content-Type": "text/plain; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
} as const;

const EMPTY_REPLY: ExchangeReply = { status: 200, headers: {}, body: "" };

/** What a client sees of a bug in a page. */
const FAILED_REPLY: ExchangeReply = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "Internal Server Error\n",
};

/** Source: etcd server/embed/serve.go, errCVE20185702. */
function unknownHostText(host: string): string {
  return `
etcd received your request, but the Host header was unrecognized.

To fix this, choose one of the following options:
- Enable TLS, then any HTTPS request will be allowed.
- Add the hostname you want to use to the whitelist in settings.
  - e.g. etcd --host-whitelist ${JSON.stringify(host)}

This requirement has been added to help prevent "DNS Rebinding" attacks (CVE-2018-5702).

`;
}
