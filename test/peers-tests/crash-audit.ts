/**
 * Looks at a server that was killed and started again, and says all that is wrong with it.
 *
 * History is replayed from where the last audit ended, and what comes out must be what the server shows: so
 * every revision since the beginning of the test is looked at once, and compactions may take what was.
 */
import type { Client } from "../../src/client/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import type { CrashWriter, Row } from "./crash-writer.ts";

const EVERYTHING = Buffer.from("\0");

/** Longer than a replay takes on a busy machine. */
const replayLimitMs = 20_000;

/** Every event of one revision. */
type Changes = Map<string, Row | undefined>;

export class CrashAudit {
  /** Up to here all revisions have been looked at. */
  revision = 1;
  /** Compactions acknowledged, and the one that was under way when the server died. */
  compactedRevision = -1;
  pendingCompaction: number | undefined;
  /** Revisions looked at, in all. */
  revisionCount = 0;
  readonly #rows = new Map<string, Row>();
  #leastTerm = 0;

  /** Everything that is wrong; nothing, if all is well. */
  async look(client: Client, writers: readonly CrashWriter[]): Promise<string[]> {
    const range = await client.unary("range", { key: EVERYTHING, rangeEnd: EVERYTHING });
    const now = range.header?.revision ?? 0;
    const term = range.header?.raftTerm ?? 0;
    const problems: string[] = [];
    if (term < this.#leastTerm) problems.push(`term went from ${this.#leastTerm} to ${term}`);
    this.#leastTerm = term;
    problems.push(...(await this.#replay(client, now, writers)));
    const found = new Map(range.kvs.map((kv) => [text(kv.key), rowOf(kv)]));
    problems.push(...difference("replayed history", this.#rows, found));
    problems.push(...(await adopt(client, writers, found)));
    problems.push(...(await this.#checkCompaction(client)));
    for (const writer of writers) writer.acknowledged.length = 0;
    return problems;
  }

  /** Every revision since the last audit exactly once, and every acknowledged change at its own. */
  async #replay(
    client: Client,
    now: number,
    writers: readonly CrashWriter[],
  ): Promise<readonly string[]> {
    if (now < this.revision) return [`revision went from ${this.revision} back to ${now}`];
    const { changes, problems } = await readHistory(client, { from: this.revision + 1, to: now });
    for (const { revision, changes: made, isExact } of writers.flatMap((one) => one.acknowledged)) {
      if (revision > now) problems.push(`revision ${revision} was acknowledged, but it is ${now}`);
      if (made.size === 0 || !isExact) continue;
      problems.push(
        ...difference(`revision ${revision}`, made, changes.get(revision) ?? new Map()),
      );
    }
    for (const one of changes.values()) {
      for (const [key, row] of one) {
        if (row === undefined) this.#rows.delete(key);
        else this.#rows.set(key, row);
      }
    }
    this.revisionCount += now - this.revision;
    this.revision = now;
    return problems;
  }

  /** An acknowledged compaction is in force, and no other but the one under way can be. */
  async #checkCompaction(client: Client): Promise<readonly string[]> {
    const { compactRevision } = await client.unary("hashKV", { revision: 0 });
    const possible = [this.compactedRevision, this.pendingCompaction];
    this.pendingCompaction = undefined;
    if (!possible.includes(compactRevision)) {
      return [`compacted at ${compactRevision}, not at one of ${possible.join(", ")}`];
    }
    this.compactedRevision = compactRevision;
    if (compactRevision < 2) return [];
    const key = EVERYTHING;
    await client.unary("range", { key, rangeEnd: key, revision: compactRevision });
    try {
      await client.unary("range", { key, rangeEnd: key, revision: compactRevision - 1 });
    } catch (error) {
      if (error instanceof EtcdError && error.reason === "compacted") return [];
      throw error;
    }
    return [`revision ${compactRevision - 1} can be read, though compacted at ${compactRevision}`];
  }
}

/** What a watch from a revision tells up to another, by revision; and what is wrong with it. */
export async function readHistory(
  client: Client,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<{ readonly changes: Map<number, Changes>; readonly problems: string[] }> {
  const changes = new Map<number, Changes>();
  const problems: string[] = [];
  if (to < from) return { changes, problems };
  const watch = client.watch(EVERYTHING, { fromKey: true, startRevision: from });
  const timer = setTimeout(() => watch.cancel(), replayLimitMs);
  let last = from - 1;
  try {
    while (last < to) {
      const { done, value } = await watch.next();
      if (done === true) break;
      for (const { type, kv } of value.events) {
        const revision = kv.modRevision;
        if (revision !== last && revision !== last + 1) {
          problems.push(`revision ${last} is followed by ${revision}`);
        }
        last = revision;
        const one = changes.get(revision) ?? new Map<string, Row | undefined>();
        changes.set(revision, one);
        one.set(text(kv.key), type === "delete" ? undefined : rowOf(kv));
      }
    }
  } finally {
    clearTimeout(timer);
    watch.cancel();
  }
  if (last < to) problems.push(`history ends at ${last}, not at ${to}`);
  return { changes, problems };
}

/** Hands every writer what the server has of its own. */
async function adopt(
  client: Client,
  writers: readonly CrashWriter[],
  found: ReadonlyMap<string, Row>,
): Promise<string[]> {
  const { leases } = await client.unary("leaseLeases", {});
  const problems: string[] = [];
  for (const { id } of leases) {
    const { keys } = await client.unary("leaseTimeToLive", { id, keys: true });
    const attached = [...found].filter(([, row]) => row.lease === id).map(([key]) => key);
    const told = keys.map(text);
    if (told.sort().join() !== attached.sort().join()) {
      problems.push(`lease ${id} has keys ${told.join()}, not ${attached.join()}`);
    }
  }
  for (const writer of writers) {
    const rows = new Map([...found].filter(([key]) => key.startsWith(writer.prefix)));
    const own = new Set(leases.map(({ id }) => id).filter((id) => writer.owns(id)));
    const { state, stateOfPending } = writer;
    if (writer.adopt({ rows, leases: own })) continue;
    problems.push(`${writer.prefix} is neither as acknowledged nor as with the step under way`);
    problems.push(...difference("acknowledged", state.rows, rows));
    if (stateOfPending !== undefined) {
      problems.push(...difference("under way", stateOfPending.rows, rows));
    }
    problems.push(`leases: ${[...own].join()}; acknowledged: ${[...state.leases].join()}`);
  }
  return problems;
}

function difference(
  what: string,
  expected: ReadonlyMap<string, Row | undefined>,
  found: ReadonlyMap<string, Row | undefined>,
): string[] {
  const keys = [...new Set([...expected.keys(), ...found.keys()])];
  const show = (row: Row | undefined): string =>
    row === undefined ? "nothing" : `${row.token} (lease ${row.lease})`;
  return keys
    .filter((key) => show(expected.get(key)) !== show(found.get(key)))
    .map((key) => `${what}: ${key} is ${show(found.get(key))}, not ${show(expected.get(key))}`);
}

function rowOf(kv: { readonly value: Uint8Array; readonly lease: bigint }): Row {
  return { token: text(kv.value), lease: kv.lease };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
