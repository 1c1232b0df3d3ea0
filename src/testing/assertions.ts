/** What tests ask of a store while programs work on it: by watches, without polling. */
import type { Bytes, Client, Header, KeyValue, WatchEvent } from "../client/index.ts";

/** Milliseconds of real time that {@link waitFor} waits unless told otherwise. */
const TIMEOUT_MS = 10_000;

/** Writes that {@link expectNoWrites} keeps to tell of; more are counted. */
const UNEXPECTED_WRITES_MAX = 100;

export interface WaitOptions {
  /** Of real time. Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Resolves with a key's value as soon as `isRight` says so, at once if it does already; it is asked
 * for every change, undefined where the key is not there. Works on any etcd. Rejects with Error, which
 * tells the last value, when the time is over, with EtcdError, and with what `isRight` throws.
 */
export async function waitFor(
  client: Client,
  key: Bytes,
  isRight: (kv: KeyValue | undefined) => boolean,
  { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
): Promise<KeyValue | undefined> {
  const { header, kvs } = await client.kv.get(key);
  let last = kvs[0];
  if (isRight(last)) return last;
  const watch = client.watch(key, { startRevision: revisionOf(header) + 1 });
  const timer = setTimeout(() => watch.cancel(), timeoutMs);
  try {
    for await (const { events } of watch) {
      for (const event of events) {
        last = event.type === "put" ? event.kv : undefined;
        if (isRight(last)) return last;
      }
    }
  } finally {
    clearTimeout(timer);
    watch.cancel();
  }
  const seen = last === undefined ? "it is not there" : JSON.stringify(last.value.toString());
  throw new Error(
    `Cannot wait for "${String(key)}" any longer than ${String(timeoutMs)} ms: ${seen}`,
  );
}

/** What {@link expectNoWrites} looks at. */
export interface NoWrites {
  /**
   * Ends it. Rejects with Error, which names what was written since, if anything was; with EtcdError
   * when the server could not tell.
   */
  check(): Promise<void>;
}

/**
 * Looks from now on whether anybody writes or deletes keys with a prefix: programs, or leases that
 * end. Works on any etcd.
 */
export async function expectNoWrites(client: Client, prefix: Bytes): Promise<NoWrites> {
  const watch = client.watch(prefix, { prefix: true });
  const startRevision = revisionOf(await watch.created);
  const writes: WatchEvent[] = [];
  let writeCount = 0;
  let endRevision = Number.POSITIVE_INFINITY;
  const looked = (async (): Promise<void> => {
    for await (const { header, events } of watch) {
      const counted = events.filter(({ kv }) => kv.modRevision <= endRevision);
      writeCount += counted.length;
      writes.push(...counted.slice(0, UNEXPECTED_WRITES_MAX - writes.length));
      if (revisionOf(header) >= endRevision) return;
    }
  })();
  // check() hears of it.
  looked.catch(() => undefined);
  return {
    check: async () => {
      const { header } = await client.kv.get(prefix, { prefix: true, countOnly: true });
      endRevision = revisionOf(header);
      if (endRevision > startRevision) {
        // Its answer comes behind all events up to now.
        watch.requestProgress();
        await looked;
      }
      watch.cancel();
      if (writeCount > 0) throw new Error(listed(writes, { prefix, writeCount }));
    },
  };
}

/** A server that answers has a revision. */
function revisionOf(header: Header): number {
  return header?.revision ?? 0;
}

function listed(
  writes: readonly WatchEvent[],
  { prefix, writeCount }: { prefix: Bytes; writeCount: number },
): string {
  const lines = writes.map(
    ({ type, kv }) => `\n  ${type} ${kv.key.toString()} at revision ${String(kv.modRevision)}`,
  );
  const head = `Expected no writes of "${String(prefix)}": there were ${String(writeCount)}`;
  return head + lines.join("");
}
