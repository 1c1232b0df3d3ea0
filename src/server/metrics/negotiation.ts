/**
 * In which form a client wants the metrics. There is one format, text, whatever it accepts: etcd has
 * protobuf too for who prefers that.
 */
import { fieldOf } from "../../wire/index.ts";
import type { HttpRequest } from "../../wire/index.ts";

/** Source: prometheus common, model/metric.go, and its default. */
const ESCAPINGS: readonly string[] = ["underscores", "allow-utf-8", "dots", "values"];
const TEXT_VERSION = "0.0.4";

/** One thing that a client accepts, with what it says of it. */
interface Accepted {
  readonly value: string;
  /** 0 to 1. */
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The content type for an Accept field: names need no escaping, so what a client wants of that is
 * only repeated to it. Source: prometheus common, expfmt/encode.go, Negotiate.
 */
export function metricsType(request: HttpRequest): string {
  let [escaping = ""] = ESCAPINGS;
  const ranges = acceptedIn(fieldOf(request, "accept") ?? "");
  for (const { value, parameters } of ranges.toSorted((a, b) => b.quality - a.quality)) {
    const wanted = parameters.get("escaping") ?? "";
    if (ESCAPINGS.includes(wanted)) escaping = wanted;
    const version = parameters.get("version") ?? TEXT_VERSION;
    if (value === "text/plain" && version === TEXT_VERSION) break;
  }
  return `text/plain; version=${TEXT_VERSION}; charset=utf-8; escaping=${escaping}`;
}

/**
 * Whether a client would rather have gzip than the bytes themselves.
 * Source: prometheus client_golang, gddo/httputil/negotiate.go, NegotiateContentEncoding.
 */
export function acceptsGzip(request: HttpRequest): boolean {
  const encodings = request.fields
    .filter(({ name }) => name === "accept-encoding")
    .flatMap(({ value }) => acceptedIn(value));
  const qualityOf = (name: string): number =>
    Math.max(
      0,
      ...encodings
        .filter(({ value }) => value === name || value === "*")
        .map(({ quality }) => quality),
    );
  return qualityOf("gzip") > qualityOf("identity");
}

function acceptedIn(field: string): Accepted[] {
  return field.split(",").map((text) => {
    const [value = "", ...rest] = text.split(";").map((part) => part.trim());
    const pairs = rest.map((part): [string, string] => {
      const [name = "", given = ""] = part.split("=");
      return [name.trim(), given.trim()];
    });
    const parameters = new Map(pairs);
    // What is no number is not wanted.
    return { value, parameters, quality: Number(parameters.get("q") ?? 1) || 0 };
  });
}
