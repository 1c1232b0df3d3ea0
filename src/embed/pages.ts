/** Which pages a server's URLs have. */
import type { HttpPages } from "../wire/index.ts";
import type { Marks } from "./marks.ts";
import type { EtcdOptions } from "./options.ts";
import { SYSTEM_CLOCK } from "./system.ts";

/** Client URLs have the pages of profiles, faults and marks too, where they are asked for. */
export async function clientPages(
  pages: HttpPages,
  marks: Marks,
  options: EtcdOptions,
): Promise<HttpPages> {
  let all = pages;
  if (options.enablePprof === true) {
    const { withProfiles } = await import("./profiles.ts");
    options.logger?.info("pprof is enabled", { path: "/debug/pprof" });
    all = withProfiles(all, options.clock ?? SYSTEM_CLOCK);
  }
  if (options.enableFaultInjection === true && options.faults !== undefined) {
    const { withFaultPages } = await import("../testing/index.ts");
    options.logger?.warn("faults can be injected by whoever asks", { path: "/debug/faults" });
    all = withFaultPages(all, options.faults);
  }
  if (options.enableTestEndpoints === true) {
    const { withMarkPages } = await import("./mark-pages.ts");
    options.logger?.warn("test endpoints are enabled", { path: "/debug/marks" });
    all = withMarkPages(all, marks);
  }
  return all;
}

/** Of clients only. */
const CLIENT_PAGES: readonly string[] = ["/version", "/debug/vars"];

/** A metrics URL has every page but those. */
export function metricsPages(pages: HttpPages): HttpPages {
  return {
    page: (request) => {
      const hidden = CLIENT_PAGES.includes(request.path);
      return pages.page(hidden ? { ...request, path: "/hidden" } : request);
    },
  };
}
