/** What the faulty channels of one server have in common. */
import type { KeyRange } from "../client/index.ts";
import { EtcdError } from "../wire/index.ts";
import type { CallContext, Method } from "../wire/index.ts";
import type { ArmedRule, FiredFault } from "./fault-rules.ts";
import type { FaultyStream } from "./faulty-stream.ts";
import type { HeldCalls, HeldGroup } from "./held-calls.ts";

export interface FaultStateParts {
  /** By their ids, in the order in which they were added. */
  readonly rules: ReadonlyMap<number, ArmedRule>;
  readonly held: HeldCalls;
  /** Milliseconds that a request may wait for a leader. */
  readonly requestTimeoutMs: number;
  /** Compacts up to now; what it answers is the CompactionResponse's header. */
  readonly compact: () => Promise<CompactedAt>;
}

/** The revision up to which all is compacted, with what a header says beside it. */
export interface CompactedAt {
  readonly compactRevision: number;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number;
}

export class FaultState {
  readonly held: HeldCalls;
  readonly streams: Set<FaultyStream> = new Set();
  readonly #parts: FaultStateParts;
  readonly #leaderWaits: HeldGroup = new Set();
  #isLeaderLost = false;

  constructor(parts: FaultStateParts) {
    this.#parts = parts;
    this.held = parts.held;
  }

  get isLeaderLost(): boolean {
    return this.#isLeaderLost;
  }

  /** What goes wrong with a request, in the order in which the rules were added. */
  fired(method: Method, request: Uint8Array, context: CallContext): readonly FiredFault[] {
    const { rules } = this.#parts;
    if (rules.size === 0) return NONE;
    const fired: FiredFault[] = [];
    for (const rule of rules.values()) {
      if (!rule.fires(method, request, context)) continue;
      fired.push({ action: rule.rule.action, keys: rule.keys });
    }
    return fired;
  }

  /** Rejects with EtcdError when no leader comes in time, of a refusal's name. */
  async waitForLeader(
    error: "noLeader" | "timeout",
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const delayMs = this.#parts.requestTimeoutMs;
    const end = await this.held.hold({ delayMs, group: this.#leaderWaits, signal });
    if (end === "late") throw new EtcdError(error);
  }

  loseLeader(): void {
    if (this.#isLeaderLost) return;
    this.#isLeaderLost = true;
    for (const stream of this.streams) stream.leaderLost();
  }

  regainLeader(): void {
    this.#isLeaderLost = false;
    for (const tell of this.#leaderWaits) tell();
  }

  /** Compacts up to now, and cancels the watches that have a key there; answers how many. */
  async compactWatches(
    keys: KeyRange | undefined,
    streams: Iterable<FaultyStream> = this.streams,
  ): Promise<number> {
    const compacted = await this.#parts.compact();
    let count = 0;
    for (const stream of streams) count += stream.compacted(compacted, keys);
    return count;
  }
}

const NONE: readonly FiredFault[] = [];
