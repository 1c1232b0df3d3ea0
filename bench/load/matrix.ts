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
  readonly quick: boolean;
}

const CONNECTIONS = 8;

/**
 * Of the watch loads on one prefix: puts whose events may be on their way, and watchers of a stream.
 * Their product is what etcd buffers for a stream (server/storage/mvcc/watchable_store.go,
 * chanBufLen), so this is how etcd is at its best; with more it makes the watchers catch up, every
 * 100 ms, which the load with all watchers on few streams shows.
 */
const PUTS_AHEAD = 8;
const WATCHERS_PER_STREAM = 16;

interface Load {
  readonly title: string;
  readonly load: string;
  readonly inFlight: number;
  readonly flags?: Step["flags"];
  readonly prepares?: true;
  readonly quick?: true;
}

function step({ title, load, inFlight, flags, prepares }: Load): Step {
  const all = { inflight: inFlight, connections: CONNECTIONS, ...flags };
  return { title, load, flags: all, ...(prepares && { prepares }) };
}

function alone(group: string, ...loads: readonly Load[]): Scenario[] {
  return loads.map((load) => ({ group, steps: [step(load)], quick: load.quick === true }));
}

function atEvery(load: Omit<Load, "inFlight">, quickAt = 0): Load[] {
  return [1, 16, 256, 1000].map((inFlight) => ({
    ...load,
    title: `${load.title}, ${String(inFlight)} in flight`,
    inFlight,
    ...(inFlight === quickAt && { quick: true }),
  }));
}

function watchers(count: number, perStream: number, quick?: true): Load {
  return {
    title: `events to ${counted(count, "watcher")}, ${String(perStream)} a stream`,
    load: "watch",
    inFlight: PUTS_AHEAD,
    flags: { watchers: count, streams: Math.ceil(count / perStream / CONNECTIONS) },
    ...(quick && { quick }),
  };
}

/** One store that grows: a key read and a key written, among so many. */
function bySize(): Scenario {
  const sizes = [1000, 10_000, 100_000, 1_000_000];
  const steps = sizes.flatMap((keys, index): Load[] => [
    {
      title: counted(keys, "key"),
      load: "fill",
      inFlight: 64,
      flags: { keys, from: sizes[index - 1] ?? 0 },
      prepares: true,
    },
    {
      title: `range one of ${counted(keys, "key")}`,
      load: "range-one",
      inFlight: 256,
      flags: { keys, prepared: true },
    },
    {
      title: `put one of ${counted(keys, "key")}`,
      load: "put-256",
      inFlight: 256,
      flags: { keys },
    },
  ]);
  return { group: "size", steps: steps.map(step), quick: false };
}

/** One key that has been overwritten so many times: read, and at the end written. */
function byHistory(): Scenario {
  const one = { keys: 1, prefix: "/registry/history/" };
  const lengths = [1, 1000, 100_000];
  const steps = lengths.flatMap((length, index): Load[] => [
    {
      title: counted(length, "revision"),
      load: "overwrite",
      inFlight: 256,
      flags: { ...one, count: length - (lengths[index - 1] ?? 0) },
      prepares: true,
    },
    {
      title: `range a key of ${counted(length, "revision")}`,
      load: "range-one",
      inFlight: 256,
      flags: { ...one, prepared: true },
    },
  ]);
  const put: Load = {
    title: `put a key of ${counted(lengths.at(-1) ?? 0, "revision")} and more`,
    load: "put-256",
    inFlight: 256,
    flags: one,
  };
  return { group: "history", steps: [...steps, put].map(step), quick: false };
}

/** All of it, in the order of the table. */
export const MATRIX: readonly Scenario[] = [
  ...alone("put", ...atEvery({ title: "put 256 B", load: "put-256" }, 256)),
  ...alone("put", ...atEvery({ title: "put 4 KiB", load: "put-4k" })),
  ...alone("range", ...atEvery({ title: "range one key", load: "range-one" }, 256)),
  ...alone(
    "range",
    { title: "range 500 x 1 KiB, 16 in flight", load: "range-500", inFlight: 16, quick: true },
    { title: "range 10 000 x 256 B, 4 in flight", load: "range-10k", inFlight: 4 },
    { title: "keys_only, 10 000 keys, 4 in flight", load: "keys-only", inFlight: 4 },
    { title: "count_only, 10 000 keys, 16 in flight", load: "count-only", inFlight: 16 },
  ),
  ...alone(
    "txn",
    { title: "kube create 2 KiB, 256 in flight", load: "txn-create", inFlight: 256 },
    { title: "kube update 2 KiB, 256 in flight", load: "txn-update", inFlight: 256, quick: true },
  ),
  ...alone("mixed", {
    title: "4 ranges to 1 put, 256 in flight",
    load: "mixed-80-20",
    inFlight: 256,
  }),
  ...alone(
    "watch",
    watchers(1, 1),
    watchers(100, WATCHERS_PER_STREAM),
    watchers(1000, WATCHERS_PER_STREAM, true),
    watchers(10_000, WATCHERS_PER_STREAM),
    watchers(1000, 125),
    {
      title: "events to 10 000 prefixes, 256 puts ahead",
      load: "watch-prefixes",
      inFlight: 256,
      flags: { watchers: 10_000 },
    },
  ),
  ...alone("lease", { title: "keepalive of 1000 leases", load: "keepalive", inFlight: 1000 }),
  ...alone("connection", {
    title: "connect, range, close; 16 at once",
    load: "churn",
    inFlight: 16,
  }),
  bySize(),
  byHistory(),
];

function counted(count: number, what: string): string {
  const digits = count >= 10_000 ? count.toLocaleString("en").replaceAll(",", " ") : String(count);
  return `${digits} ${what}${count === 1 ? "" : "s"}`;
}
