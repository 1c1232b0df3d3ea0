/**
 * One of many writers on a server that will be killed: it knows what was acknowledged to it, and the one step
 * that was under way when the server died. So after a restart its keys must be in one of two states, whole.
 */
import type { Client } from "../../src/client/index.ts";
import { EtcdError, STATUS } from "../../src/wire/index.ts";
import type { messages } from "../../src/wire/index.ts";
import type { Random } from "../harness/random-operations.ts";

/** Keys of a writer. */
const keyCount = 24;
/** Leases that a writer has at the same time. */
const leaseCountMax = 4;
/** Far beyond the length of the test, seconds. */
const leaseTtl = 100_000;
/** Ids of a writer's leases begin at its number times this. */
const LEASES_PER_WRITER = 1_000_000n;

/** What stands under a key. */
export interface Row {
  /** Never written twice, except to the keys of one transaction. */
  readonly token: string;
  readonly lease: bigint;
}

/** All that a writer has on the server. */
export interface WriterState {
  readonly rows: ReadonlyMap<string, Row>;
  readonly leases: ReadonlySet<bigint>;
}

/** Changes of one step by key; undefined is a deletion. */
type Changes = ReadonlyMap<string, Row | undefined>;

/** Something that happens wholly or not at all. */
interface Step {
  readonly changes: Changes;
  readonly granted?: bigint;
  readonly revoked?: bigint;
  /** Resolves to the revision in the answer. */
  send(client: Client): Promise<number>;
}

/** A step that the server said it had done. */
export interface Acknowledged {
  readonly changes: Changes;
  /** The revision it happened at, or, for a revoked lease, one that is not before it. */
  readonly revision: number;
  readonly isExact: boolean;
}

export class CrashWriter {
  readonly prefix: string;
  readonly acknowledged: Acknowledged[] = [];
  /** What was acknowledged, in all. */
  state: WriterState = { rows: new Map(), leases: new Set() };
  /** What it is if the step under way was done before the server died. */
  stateOfPending: WriterState | undefined;
  readonly #random: Random;
  readonly #number: number;
  #stepCount = 0;

  constructor(number: number, random: Random) {
    this.#number = number;
    this.#random = random;
    this.prefix = `w${number}/`;
  }

  /** Whether a lease is one of this writer's. */
  owns(lease: bigint): boolean {
    return lease / LEASES_PER_WRITER === BigInt(this.#number);
  }

  /** Writes until the server dies. Rejects when the server refuses something. */
  async writeUntilDeath(client: Client): Promise<void> {
    for (;;) {
      const step = this.#step();
      this.stateOfPending = after(this.state, step);
      try {
        const revision = await step.send(client);
        const isExact = step.revoked === undefined;
        this.acknowledged.push({ changes: step.changes, revision, isExact });
        this.state = this.stateOfPending;
        this.stateOfPending = undefined;
      } catch (error) {
        if (error instanceof EtcdError && isConnectionLoss(error)) return;
        throw error;
      }
    }
  }

  /** Takes over what the server has; false when that is neither of the two states. */
  adopt(found: WriterState): boolean {
    const states = [
      this.state,
      ...(this.stateOfPending === undefined ? [] : [this.stateOfPending]),
    ];
    const match = states.find((state) => isSame(state, found));
    this.state = match ?? this.state;
    this.stateOfPending = undefined;
    return match !== undefined;
  }

  #step(): Step {
    const token = `${this.#number}-${++this.#stepCount}`;
    const kinds = { put: 40, txn: 30, delete: 12, grant: 8, revoke: 6 };
    const kind = this.#random.weighted(kinds);
    const [lease] = this.state.leases;
    if (kind === "revoke" && lease !== undefined) return revoke(lease, this.state);
    if (kind === "grant" && this.state.leases.size < leaseCountMax) {
      return grant(BigInt(this.#number) * LEASES_PER_WRITER + BigInt(this.#stepCount));
    }
    if (kind === "delete") return this.#delete();
    return kind === "txn" ? this.#txn(token) : this.#put(token);
  }

  #put(token: string): Step {
    const key = this.#key();
    const row = { token, lease: this.#lease() };
    return {
      changes: new Map([[key, row]]),
      send: async (client) => revisionOf(await client.unary("put", putRequest(key, row))),
    };
  }

  #delete(): Step {
    const key = this.#key();
    const existed = this.state.rows.has(key);
    return {
      changes: existed ? new Map([[key, undefined]]) : new Map(),
      send: async (client) =>
        revisionOf(await client.unary("deleteRange", { key: Buffer.from(key) })),
    };
  }

  /** The same token to several keys, and one key deleted. */
  #txn(token: string): Step {
    const row = { token, lease: this.#lease() };
    const keys = new Set(Array.from({ length: 5 }, () => this.#key()));
    const [deleted = "", ...put] = keys;
    const changes = new Map<string, Row | undefined>(put.map((key) => [key, row]));
    if (this.state.rows.has(deleted)) changes.set(deleted, undefined);
    const success = [
      { requestDeleteRange: { key: Buffer.from(deleted) } },
      ...put.map((key) => ({ requestPut: putRequest(key, row) })),
    ];
    return {
      changes,
      send: async (client) => revisionOf(await client.unary("txn", { success })),
    };
  }

  #key(): string {
    return `${this.prefix}${this.#random.below(keyCount)}`;
  }

  #lease(): bigint {
    const { leases } = this.state;
    return leases.size > 0 && this.#random.percent(40) ? this.#random.pick([...leases]) : 0n;
  }
}

function grant(id: bigint): Step {
  return {
    changes: new Map(),
    granted: id,
    send: async (client) => revisionOf(await client.unary("leaseGrant", { id, ttl: leaseTtl })),
  };
}

function revoke(id: bigint, state: WriterState): Step {
  const attached = [...state.rows].filter(([, row]) => row.lease === id);
  return {
    changes: new Map(attached.map(([key]) => [key, undefined])),
    revoked: id,
    send: async (client) => revisionOf(await client.unary("leaseRevoke", { id })),
  };
}

function putRequest(key: string, row: Row): messages.PutRequestInit {
  return { key: Buffer.from(key), value: Buffer.from(row.token), lease: row.lease };
}

function revisionOf(answer: { readonly header: messages.ResponseHeader | undefined }): number {
  return answer.header?.revision ?? 0;
}

function after(state: WriterState, step: Step): WriterState {
  const rows = new Map(state.rows);
  for (const [key, row] of step.changes) {
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
  const leases = new Set(state.leases);
  if (step.granted !== undefined) leases.add(step.granted);
  if (step.revoked !== undefined) leases.delete(step.revoked);
  return { rows, leases };
}

function isSame(one: WriterState, other: WriterState): boolean {
  return (
    one.leases.size === other.leases.size &&
    one.rows.size === other.rows.size &&
    [...one.leases].every((lease) => other.leases.has(lease)) &&
    [...one.rows].every(([key, row]) => {
      const found = other.rows.get(key);
      return found?.token === row.token && found.lease === row.lease;
    })
  );
}

/** What a client hears when the server is killed under it: never an answer of the server itself. */
function isConnectionLoss(error: EtcdError): boolean {
  return error.code === STATUS.unavailable && !error.message.startsWith("etcdserver:");
}
