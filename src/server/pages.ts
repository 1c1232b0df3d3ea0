/**
 * The HTTP pages: health, readiness, version, metrics, variables.
 *
 * Source: etcd server/etcdserver/api/etcdhttp/{health,version,metrics,debug}.go. Bodies are exact, down
 * to whether a line ends.
 */
import { CLUSTER_VERSION, ETCD_VERSION, messages } from "../wire/index.ts";
import type { HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";
import type { MetricsPage } from "./metrics/page.ts";
import type { MetricsSources } from "./metrics/sources.ts";

const { AlarmType } = messages;
const TEXT = { "Content-Type": "text/plain; charset=utf-8" } as const;
const NO_SNIFF = { ...TEXT, "X-Content-Type-Options": "nosniff" } as const;

/** Why a check fails; undefined when it passes. */
type Check = () => string | undefined;

export class Pages implements HttpPages {
  readonly #parts: MetricsSources;
  #metricsPage: MetricsPage | undefined = undefined;
  readonly #live: ReadonlyMap<string, Check>;
  readonly #ready: ReadonlyMap<string, Check>;

  constructor(parts: MetricsSources) {
    this.#parts = parts;
    const passes: Check = () => undefined;
    // A single member reads from its own memory: reading cannot fail while it runs.
    this.#live = new Map([["serializable_read", passes]]);
    this.#ready = new Map([
      ["data_corruption", (): string | undefined => this.#corruption()],
      ["serializable_read", passes],
      ["linearizable_read", (): string | undefined => this.#parts.queue.stall?.message],
      ["non_learner", passes],
    ]);
  }

  page(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const { path } = request;
    if (path === "/health") return this.#onlyGet(request, () => this.#health(request));
    if (path === "/version") return this.#onlyGet(request, version);
    if (path === "/metrics") return this.#metrics((page) => page.render(request));
    if (path === "/debug/vars") {
      return this.#onlyGet(request, () => this.#metrics((page) => page.vars()));
    }
    for (const [root, checks] of [
      ["/livez", this.#live],
      ["/readyz", this.#ready],
    ] as const) {
      if (path === root) return this.#onlyGet(request, () => this.#probe(request, root, checks));
      if (!path.startsWith(`${root}/`)) continue;
      const name = path.slice(root.length + 1);
      const check = checks.get(name);
      if (check === undefined) return NOT_FOUND;
      const one = new Map([[name, check]]);
      return this.#onlyGet(request, () => this.#probe(request, root, one));
    }
    return NOT_FOUND;
  }

  #onlyGet<T>(request: HttpRequest, answer: () => T): T | HttpReply {
    if (request.method === "GET") return answer();
    const headers = { ...NO_SNIFF, Allow: "GET" };
    return { status: 405, headers, body: "Method Not Allowed\n" };
  }

  #corruption(): string | undefined {
    const isCorrupt = this.#parts.alarms.raised.some(({ alarm }) => alarm === AlarmType.corrupt);
    return isCorrupt ? "alarm activated: CORRUPT" : undefined;
  }

  #health(request: HttpRequest): HttpReply {
    const excluded = new Set(request.query.getAll("exclude"));
    const alarm = this.#parts.alarms.raised
      .map(({ alarm: type }) => ALARM_NAMES[type] ?? "UNKNOWN")
      .find((name) => !excluded.has(name));
    const serializable = request.query.get("serializable") === "true";
    const { stall } = this.#parts.queue;
    let reason = "";
    if (alarm !== undefined) reason = `ALARM ${alarm}`;
    else if (stall !== undefined && !serializable) reason = `RANGE ERROR:${stall.message}`;
    if (reason === "") this.#parts.figures.healthSuccesses++;
    else this.#parts.figures.healthFailures++;
    const body = JSON.stringify({ health: reason === "" ? "true" : "false", reason });
    if (reason === "") return { status: 200, headers: TEXT, body };
    return { status: 503, headers: NO_SNIFF, body: `${body}\n` };
  }

  #probe(request: HttpRequest, root: string, checks: ReadonlyMap<string, Check>): HttpReply {
    const excluded = new Set(request.query.getAll("exclude"));
    let failed = false;
    let lines = "";
    for (const [name, check] of checks) {
      if (excluded.has(name)) continue;
      const reason = check();
      this.#parts.figures.checked(root.slice(1), name, reason === undefined);
      if (reason === undefined) {
        lines += `[+]${name} ok\n`;
      } else {
        failed = true;
        lines += `[-]${name} failed: ${reason}\n`;
      }
    }
    if (failed) return { status: 503, headers: NO_SNIFF, body: `${lines}\n` };
    const body = request.query.has("verbose") ? `${lines}ok\n` : "ok\n";
    return { status: 200, headers: NO_SNIFF, body };
  }

  async #metrics(make: (page: MetricsPage) => Promise<HttpReply>): Promise<HttpReply> {
    // Loaded when first asked for: most servers in tests never are.
    const { MetricsPage: Page } = await import("./metrics/page.ts");
    this.#metricsPage ??= new Page(this.#parts);
    return make(this.#metricsPage);
  }
}

const ALARM_NAMES: Readonly<Record<number, string>> = {
  [AlarmType.nospace]: "NOSPACE",
  [AlarmType.corrupt]: "CORRUPT",
};

const NOT_FOUND: HttpReply = { status: 404, headers: NO_SNIFF, body: "404 page not found\n" };

function version(): HttpReply {
  const body = JSON.stringify({
    etcdserver: ETCD_VERSION,
    etcdcluster: CLUSTER_VERSION,
    storage: CLUSTER_VERSION,
  });
  return { status: 200, headers: { "Content-Type": "application/json" }, body };
}
