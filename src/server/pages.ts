/**
 * The HTTP pages: health, readiness, version, metrics.
 *
 * Source: etcd server/etcdserver/api/etcdhttp/{health,version,metrics}.go. Bodies are exact, down
 * to whether a line ends.
 */
import type { Store } from "../mvcc/index.ts";
import { CLUSTER_VERSION, ETCD_VERSION, messages } from "../wire/index.ts";
import type { HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";
import type { Alarms } from "./alarms.ts";
import type { CallCounts } from "./call-counts.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Member } from "./member.ts";
import type { Quota } from "./quota.ts";
import type { SlowCalls } from "./slow-calls.ts";

const { AlarmType } = messages;
const TEXT = { "Content-Type": "text/plain; charset=utf-8" } as const;
const NO_SNIFF = { ...TEXT, "X-Content-Type-Options": "nosniff" } as const;

export interface PagesParts {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly member: Member;
  readonly alarms: Alarms;
  readonly quota: Quota;
  readonly counts: CallCounts;
  /** Its applyCount is etcd_server_slow_apply_total. */
  readonly slow: SlowCalls;
}

/** Why a check fails; undefined when it passes. */
type Check = () => string | undefined;

export class Pages implements HttpPages {
  readonly #parts: PagesParts;
  readonly #live: ReadonlyMap<string, Check>;
  readonly #ready: ReadonlyMap<string, Check>;

  constructor(parts: PagesParts) {
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
    if (path === "/metrics") return this.#metrics();
    for (const [root, checks] of [
      ["/livez", this.#live],
      ["/readyz", this.#ready],
    ] as const) {
      if (path === root) return this.#onlyGet(request, () => probe(request, checks));
      if (!path.startsWith(`${root}/`)) continue;
      const name = path.slice(root.length + 1);
      const check = checks.get(name);
      if (check === undefined) return NOT_FOUND;
      return this.#onlyGet(request, () => probe(request, new Map([[name, check]])));
    }
    return NOT_FOUND;
  }

  #onlyGet(request: HttpRequest, answer: () => HttpReply): HttpReply {
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
    const body = JSON.stringify({ health: reason === "" ? "true" : "false", reason });
    if (reason === "") return { status: 200, headers: TEXT, body };
    return { status: 503, headers: NO_SNIFF, body: `${body}\n` };
  }

  async #metrics(): Promise<HttpReply> {
    // Loaded when first asked for: most servers in tests never are.
    const { renderMetrics } = await import("./metrics.ts");
    return { status: 200, ...(await renderMetrics(this.#parts)) };
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

function probe(request: HttpRequest, checks: ReadonlyMap<string, Check>): HttpReply {
  const excluded = new Set(request.query.getAll("exclude"));
  let failed = false;
  let lines = "";
  for (const [name, check] of checks) {
    if (excluded.has(name)) continue;
    const reason = check();
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
