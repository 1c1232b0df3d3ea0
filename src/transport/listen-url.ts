/**
 * Where to listen, as etcd writes it. Not the platform's URL class: that drops `:80`, has no word
 * for `unix://name:port`, and does not tell a missing port from a default one.
 */
import { isIP } from "node:net";

/** Somewhere to listen, and whether by TLS. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly secure: boolean }
  | { readonly kind: "unix"; readonly path: string; readonly secure: boolean };

const PORT_MAX = 65535;

/**
 * Reads `http://host:port` (an IP or `localhost`; IPv6 in brackets; port 0 is the system's choice)
 * or `unix://path` (all after the slashes, relative to the working folder unless it begins with a
 * slash); `https` and `unixs` are the same by TLS. Throws with etcd's text for everything else.
 *
 * Source: etcd client/pkg/types/urls.go, NewURLs; server/embed/config.go, checkBindURLs.
 */
export function parseListenUrl(text: string): ListenAddress {
  const url = text.trim();
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/su.exec(url) ?? [];
  switch (scheme) {
    case "http":
    case "https":
      return { kind: "tcp", ...parseTcp({ url, rest }), secure: scheme === "https" };
    case "unix":
    case "unixs":
      if (rest === "") throw new Error(`Cannot listen on a socket without a path: ${url}`);
      return { kind: "unix", path: rest, secure: scheme === "unixs" };
    default:
      throw new Error(`URL scheme must be http, https, unix, or unixs: ${url}`);
  }
}

function parseTcp({ url, rest }: { url: string; rest: string }): { host: string; port: number } {
  const slash = rest.search(/[/?#]/u);
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const [, bracketed, plain, portText] =
    /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/u.exec(authority) ?? [];
  if (portText === undefined) {
    throw new Error(`URL address does not have the form "host:port": ${url}`);
  }
  if (slash !== -1) throw new Error(`URL must not contain a path: ${url}`);
  if (!/^\d*$/u.test(portText)) {
    throw new Error(`parse "${url}": invalid port ":${portText}" after host`);
  }
  const host = bracketed ?? plain ?? "";
  const hostIsRight = bracketed === undefined ? isIP(host) === 4 : isIP(host) === 6;
  if (!hostIsRight && host !== "localhost") {
    throw new Error(`expected IP in URL for binding (${url})`);
  }
  const port = Number(portText);
  if (port > PORT_MAX) throw new Error(`listen tcp: address ${portText}: invalid port`);
  return { host, port };
}

/** `host:port` as Go prints it, with IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
