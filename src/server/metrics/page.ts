/**
 * /metrics: etcd's series as far as they apply to a single member, and the process's own by
 * prom-client. Everything is read when asked for; who counts is the server, in plain numbers.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Registry, collectDefaultMetrics } from "prom-client";
import type { HttpReply, HttpRequest } from "../../wire/index.ts";
import { callFamilies } from "./call-families.ts";
import { debugVars } from "./debug-vars.ts";
import { exposition } from "./exposition.ts";
import type { Family } from "./exposition.ts";
import { gauge } from "./family.ts";
import { acceptsGzip, metricsType } from "./negotiation.ts";
import {
  clusterFamilies,
  healthFamilies,
  identityFamilies,
  proposalFamilies,
} from "./server-families.ts";
import type { MetricsSources } from "./sources.ts";
import {
  compactionFamilies,
  diskFamilies,
  keyFamilies,
  leaseFamilies,
  watchFamilies,
} from "./store-families.ts";

const compressed = promisify(gzip);

export class MetricsPage {
  readonly #sources: MetricsSources;
  readonly #families: readonly Family[];
  readonly #process = new Registry();

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.#families = [
      ...identityFamilies(sources),
      ...clusterFamilies(),
      ...proposalFamilies(sources),
      ...healthFamilies(sources),
      ...keyFamilies(sources),
      ...watchFamilies(sources),
      ...leaseFamilies(sources),
      ...diskFamilies(sources),
      ...compactionFamilies(sources),
      ...callFamilies(sources),
    ];
    collectDefaultMetrics({ register: this.#process });
  }

  async render(request: HttpRequest): Promise<HttpReply> {
    const headers = { "Content-Type": metricsType(request) };
    const files = await this.#fileFamilies();
    const process = await this.#process.metrics();
    const body = exposition([...this.#families, ...files]) + process;
    if (!acceptsGzip(request)) return { status: 200, headers, body };
    const encoded = { ...headers, "Content-Encoding": "gzip" };
    return { status: 200, headers: encoded, body: await compressed(body) };
  }

  async vars(): Promise<HttpReply> {
    return debugVars(this.#sources, await this.#processValue("process_max_fds"));
  }

  async #processValue(name: string): Promise<number | undefined> {
    const metric = await this.#process.getSingleMetric(name)?.get();
    return metric?.values[0]?.value;
  }

  /** What etcd tells twice. Source: etcd server/etcdserver/metrics.go, monitorFileDescriptor. */
  async #fileFamilies(): Promise<Family[]> {
    // Only where the system tells: Linux.
    const used = await this.#processValue("process_open_fds");
    const limit = await this.#processValue("process_max_fds");
    if (used === undefined || limit === undefined) return [];
    return [
      gauge("os_fd_used", "The number of used file descriptors.", () => used),
      gauge("os_fd_limit", "The file descriptor limit.", () => limit),
    ];
  }
}
