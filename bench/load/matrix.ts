/** Every load that `npm run bench` puts on a server. */

/** One call of the load generator. */
export interface Step {
  /** What the table says. */
  readonly title: string;
  /** A load of the generator, and its flags. */
  readonly load: string;
  readonly flags: Readonly<Record<string, number | string | true>>;
  /** Only prepares the steps after it. */
  readonly prepares?: true;
}

/** Steps on one server, which is started anew for them. */
export interface Scenario {
  readonly group: string;
  readonly steps: readonly Step[];
  /** Part of the quick profile. */
  readonly quick?: true;
}

const CONNECTIONS = 8;

function load(
  group: string,
  step: { title: string; load: string; inFlight: number; flags?: Step["flags"] },
  quick?: true,
): Scenario {
  const { inFlight, flags } = step;
  const all = { inflight: inFlight, connections: CONNECTIONS, ...flags };
  const one: Step = { title: step.title, load: step.load, flags: all };
  return { group, steps: [one], ...(quick && { quick }) };
}

function atEvery(group: string, name: string, title: string, quick: number): Scenario[] {
  return [1, 16, 256, 1000].map((inFlight) =>
    load(
      group,
      { title: `${title}, ${String(inFlight)} in flight`, load: name, inFlight },
      inFlight === quick ? true : undefined,
    ),
  );
}

function watchers(count: number): Scenario {
  return load(
    "watch",
    {
      title: `watch events to ${String(count)} watchers of one prefix`,
      load: "watch",
      inFlight: 16,
      flags: { watchers: count },
    },
    count === 1000 ? true : undefined,
  );
}

/** All of it, in the order of the table. */
export const MATRIX: readonly Scenario[] = [
  ...atEvery("put", "put-256", "put 256 B", 256),
  ...atEvery("put", "put-4k", "put 4 KiB", 0),
  ...atEvery("range", "range-one", "range one key", 256),
  load(
    "range",
    { title: "range 500 x 1 KiB, 16 in flight", load: "range-500", inFlight: 16 },
    true,
  ),
  load("range", { title: "range 10 k keys, 4 in flight", load: "range-10k", inFlight: 4 }),
  load("range", { title: "keys_only 10 k keys, 4 in flight", load: "keys-only", inFlight: 4 }),
  load("range", { title: "count_only 10 k keys, 16 in flight", load: "count-only", inFlight: 16 }),
  load("txn", {
    title: "create as kube-apiserver, 256 in flight",
    load: "txn-create",
    inFlight: 256,
  }),
  load(
    "txn",
    { title: "update as kube-apiserver, 256 in flight", load: "txn-update", inFlight: 256 },
    true,
  ),
  load("mixed", {
    title: "range 80 % put 20 %, 256 in flight",
    load: "mixed-80-20",
    inFlight: 256,
  }),
  watchers(1),
  watchers(100),
  watchers(1000),
  watchers(10_000),
  load("watch", {
    title: "watch events to 10 000 prefixes",
    load: "watch-prefixes",
    inFlight: 256,
    flags: { watchers: 10_000 },
  }),
];
