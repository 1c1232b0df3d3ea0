/**
 * An etcd that fails when it is told to: calls that come late, end with an error or are done without
 * an answer, streams that break, a disk that hangs, a leader that is gone.
 *
 * It stands before the server, as a Channel before a Channel and an Engine before an Engine, so that
 * clients in the process and on ports see the same; a server that was started without it has none of
 * it in its way.
 */
import { Client, keyRange } from "../client/index.ts";
import type { Bytes, KeyRangeOptions } from "../client/index.ts";
import type { Engine } from "../storage/index.ts";
import { EtcdError } from "../wire/index.ts";
import type { Channel, Clock, HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";
import { ArmedRule } from "./fault-rules.ts";
import type { FaultRule } from "./fault-rules.ts";
import { FaultState } from "./fault-state.ts";
import type { CompactedAt } from "./fault-state.ts";
import { FaultyChannel } from "./faulty-channel.ts";
import { FaultyEngine } from "./faulty-engine.ts";
import { HeldCalls } from "./held-calls.ts";

/** Rules at a time; one more is refused. */
export const FAULTS_MAX = 1000;

export interface FaultsOptions {
  /** Of what happens by chance: the same seed and the same calls give the same faults. Default 1. */
  readonly seed?: number | undefined;
}

/** A rule that is in force. */
export interface Fault {
  readonly id: number;
  readonly rule: FaultRule;
  /** Calls that went wrong by it so far. */
  readonly hits: number;
  /** Ends it; what it holds already comes at its time. May be called more than once. */
  remove(): void;
}

/** What can be asked of a server's disk. */
export type FaultyDisk = Pick<
  FaultyEngine,
  "failWrite" | "holdWrites" | "heldWrite" | "releaseWrites" | "releaseOneWrite"
>;

/** What a server brings to its faults. */
export interface FaultedServer {
  readonly clock: Clock;
  /** The server's own, before which faults stand. */
  readonly channel: Channel;
  /** Milliseconds that a request may take. */
  readonly requestTimeoutMs: number;
}

/** The faults of one server: `Etcd.start({ faults })`. */
export class Faults {
  readonly seed: number;
  readonly #rules = new Map<number, ArmedRule>();
  #lastId = 0;
  #isFull = false;
  #engine: FaultyEngine | undefined;
  /** Of the server before which faults stand: of what it does for them nothing goes wrong. */
  #client: Client | undefined;
  #state: FaultState | undefined;

  constructor(options: FaultsOptions = {}) {
    this.seed = options.seed ?? 1;
  }

  /**
   * Adds a rule. Several may be about one call: then it has all their delays, and the first error.
   * Throws TypeError for a rule that makes no sense, Error at {@link FAULTS_MAX}.
   */
  add(rule: FaultRule): Fault {
    if (this.#rules.size >= FAULTS_MAX) {
      throw new Error(`Cannot add a fault: there are ${String(FAULTS_MAX)} already`);
    }
    const id = ++this.#lastId;
    const armed = new ArmedRule(rule, this.seed + id);
    this.#rules.set(id, armed);
    return this.#fault(id, armed);
  }

  /** Those in force, in the order in which they were added. */
  list(): Fault[] {
    return [...this.#rules].map(([id, armed]) => this.#fault(id, armed));
  }

  /** False when there is none of this id. */
  remove(id: number): boolean {
    return this.#rules.delete(id);
  }

  /** Removes all rules, and gives leader, disk and space back. */
  async clear(): Promise<void> {
    this.#rules.clear();
    this.regainLeader();
    this.disk.releaseWrites();
    if (this.#isFull) await this.clearNoSpace();
  }

  /** Calls that are held now, for whatever reason. */
  get heldCount(): number {
    return this.#attached().held.count;
  }

  get isLeaderLost(): boolean {
    return this.#attached().isLeaderLost;
  }

  /**
   * The member is without a leader, and has been for some elections: calls of clients that require one
   * end with `etcdserver: no leader`, their streams too; other calls wait for it until their time is
   * over, but for what a member answers alone; /health says it.
   * Source: etcd server/etcdserver/api/v3rpc/interceptor.go, etcdhttp/health.go, checkLeader.
   */
  loseLeader(): void {
    this.#attached().loseLeader();
  }

  /** There is one again: what waits for it goes on. */
  regainLeader(): void {
    this.#attached().regainLeader();
  }

  /** Raises the alarm NOSPACE: writes are refused with `etcdserver: mvcc: database space exceeded`. */
  async raiseNoSpace(): Promise<void> {
    await this.#alarm("alarmActivate");
    this.#isFull = true;
  }

  /** Disarms it, whoever raised it. */
  async clearNoSpace(): Promise<void> {
    await this.#alarm("alarmDeactivate");
    this.#isFull = false;
  }

  /**
   * Compacts the store up to now, and cancels every watch that has a key there, or all, with the
   * revision of the compaction: as etcd does with a watch that has not read so far yet. Answers how
   * many they were. Rejects with EtcdError when the server cannot write.
   */
  async compactWatches(key?: Bytes, options: KeyRangeOptions = {}): Promise<number> {
    const keys = key === undefined ? undefined : keyRange(key, options);
    return this.#attached().compactWatches(keys);
  }

  /** The server's disk, or what stands for it. */
  get disk(): FaultyDisk {
    if (this.#engine !== undefined) return this.#engine;
    throw notStarted();
  }

  /** Stands before a disk. For the server that starts: before {@link attach}. */
  engine(inner: Engine): Engine {
    if (this.#engine !== undefined) {
      throw new Error("Cannot start a server with these faults: they are another server's");
    }
    return (this.#engine = new FaultyEngine(inner));
  }

  /** Stands before a server. For the server that starts. */
  attach(server: FaultedServer): void {
    this.#client = new Client(server.channel);
    this.#state = new FaultState({
      rules: this.#rules,
      held: new HeldCalls(server.clock),
      requestTimeoutMs: server.requestTimeoutMs,
      compact: () => this.#compact(),
    });
  }

  /** Calls of the channel, with what goes wrong. */
  channel(inner: Channel): Channel {
    return new FaultyChannel(inner, this.#attached());
  }

  /** Pages that tell of a lost leader. */
  pages(inner: HttpPages): HttpPages {
    return {
      page: (request: HttpRequest): HttpReply | Promise<HttpReply> => {
        const isHealth = request.path === "/health" && request.method === "GET";
        const isAlone = request.query.get("serializable") === "true";
        return isHealth && this.isLeaderLost && !isAlone ? NO_LEADER : inner.page(request);
      },
    };
  }

  /** Lets nothing wait any more. For the server that stops. */
  close(): void {
    this.#engine?.releaseWrites();
    this.#state?.held.close();
  }

  #attached(): FaultState {
    if (this.#state !== undefined) return this.#state;
    throw notStarted();
  }

  /** What a rule is to those who add it. */
  #fault(id: number, armed: ArmedRule): Fault {
    return {
      id,
      rule: armed.rule,
      get hits() {
        return armed.hits;
      },
      remove: () => void this.remove(id),
    };
  }

  async #alarm(action: "alarmActivate" | "alarmDeactivate"): Promise<void> {
    if (this.#client === undefined) throw notStarted();
    const { maintenance } = this.#client;
    const { memberId } = (await maintenance.status()).header!;
    await maintenance[action]({ memberId, alarm: "nospace" });
  }

  async #compact(): Promise<CompactedAt> {
    const { kv, maintenance } = this.#client!;
    const { revision: compactRevision, ...header } = (await maintenance.status()).header!;
    try {
      await kv.compact(compactRevision);
    } catch (error) {
      // All is compacted already.
      if (!(error instanceof EtcdError && error.reason === "compacted")) throw error;
    }
    return { ...header, compactRevision };
  }
}

/** Source: etcd server/etcdserver/api/etcdhttp/health.go, checkLeader. */
const NO_LEADER: HttpReply = {
  status: 503,
  headers: {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  },
  body: `${JSON.stringify({ health: "false", reason: "RAFT NO LEADER" })}\n`,
};

function notStarted(): Error {
  return new Error("Cannot use faults: no server was started with them");
}
