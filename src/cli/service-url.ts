/**
 * URLs of services, read as etcd reads them.
 *
 * The platform's own URL class is made for browsers: it drops default ports, rewrites hosts and
 * accepts what etcd refuses. So the few rules of etcd are written out here, with its texts.
 * Source: etcd client/pkg/types/urls.go, NewURLs; Go net/url, Parse; Go net, SplitHostPort.
 */
import { isIP } from "node:net";
import { quote } from "./go-values.ts";

/** A URL that etcd takes: http, https, unix or unixs. */
export interface ServiceUrl {
  readonly scheme: "http" | "https" | "unix" | "unixs";
  /** `host:port`, or the path of a unix socket. */
  readonly address: string;
  /** Without port and brackets; empty for a unix socket. */
  readonly hostname: string;
  /** The whole URL, in one form for all that mean the same. */
  readonly text: string;
}

/** A text that etcd does not take for a URL; the message is etcd's own. */
export class UrlError extends Error {
  override readonly name = "UrlError";
}

/**
 * Reads URLs with commas between them; sorted and without duplicates, as etcd keeps them.
 *
 * @throws UrlError
 */
export function parseServiceUrls(text: string): readonly ServiceUrl[] {
  const byText = new Map<string, ServiceUrl>();
  for (const part of text.split(",")) {
    const url = parseServiceUrl(part.trim());
    byText.set(url.text, url);
  }
  return [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

function parseServiceUrl(text: string): ServiceUrl {
  const parts = splitUrl(text);
  switch (parts.scheme) {
    case "http":
    case "https": {
      const hostname = hostnameOf(parts.host);
      if (hostname === undefined) {
        throw new UrlError(`URL address does not have the form "host:port": ${text}`);
      }
      if (parts.path !== "") {
        throw new UrlError(`URL must not contain a path: ${text}`);
      }
      const whole = `${parts.scheme}://${parts.host}${parts.tail}`;
      return { scheme: parts.scheme, address: parts.host, hostname, text: whole };
    }
    case "unix":
    case "unixs": {
      const address = parts.host + parts.path;
      return {
        scheme: parts.scheme,
        address,
        hostname: "",
        text: `${parts.scheme}://${address}`,
      };
    }
    default:
      throw new UrlError(`URL scheme must be http, https, unix, or unixs: ${text}`);
  }
}

interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  /** Query and fragment, as given. */
  readonly tail: string;
}

function splitUrl(text: string): UrlParts {
  const fail = (problem: string): never => {
    throw new UrlError(`parse ${quote(text)}: ${problem}`);
  };
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    fail("net/url: invalid control character in URL");
  }
  if (text.startsWith(":")) {
    fail("missing protocol scheme");
  }
  const tailAt = text.search(/[?#]/);
  const tail = tailAt < 0 ? "" : text.slice(tailAt);
  const bare = tailAt < 0 ? text : text.slice(0, tailAt);
  const [, scheme = "", rest = bare] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/.exec(bare) ?? [];
  if (scheme === "" && (rest.split("/", 1)[0] ?? "").includes(":")) {
    fail("first path segment in URL cannot contain colon");
  }
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest);
  if (badEscape !== null) {
    fail(`invalid URL escape ${quote(badEscape[0])}`);
  }
  const [, authority = "", path = rest] = /^\/\/([^/]*)(.*)$/.exec(rest) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host.startsWith("[") && !host.includes("]")) {
    fail("missing ']' in host");
  }
  const portAt = host.indexOf(":", host.lastIndexOf("]") + 1);
  const port = portAt < 0 ? "" : host.slice(portAt);
  if (!/^(?::[0-9]*)?$/.test(port)) {
    fail(`invalid port ${quote(port)} after host`);
  }
  return { scheme: scheme.toLowerCase(), host, path, tail };
}

/** The host of `host:port`, or `undefined` when there is no port or more than one. */
function hostnameOf(host: string): string | undefined {
  const bracketed = /^\[([^\]]*)\]:[^:]*$/.exec(host);
  if (bracketed !== null) {
    return bracketed[1];
  }
  return /^([^:[\]]*):[^:]*$/.exec(host)?.[1];
}

/**
 * Refuses URLs that name a host to listen on by anything but an address or `localhost`.
 * Source: etcd server/embed/config.go, checkBindURLs.
 *
 * @throws UrlError
 */
export function checkBindUrls(urls: readonly ServiceUrl[]): void {
  for (const url of urls) {
    const isSocket = url.scheme === "unix" || url.scheme === "unixs";
    if (!isSocket && url.hostname !== "localhost" && isIP(url.hostname) === 0) {
      throw new UrlError(`expected IP in URL for binding (${url.text})`);
    }
  }
}

/**
 * Refuses URLs without a host, which nobody could connect to.
 * Source: etcd server/embed/config.go, checkHostURLs.
 *
 * @throws UrlError
 */
export function checkHostUrls(urls: readonly ServiceUrl[]): void {
  for (const url of urls) {
    if ((url.scheme === "http" || url.scheme === "https") && url.hostname === "") {
      throw new UrlError(`unexpected empty host (${url.text})`);
    }
  }
}
