/** Service Maintenance. Source: etcd server/etcdserver/api/v3rpc/maintenance.go. */
import type { Store } from "../../mvcc/index.ts";
import {
  CLUSTER_VERSION,
  CLUSTER_VERSION_SHORT,
  ETCD_VERSION,
  EtcdError,
  STATUS,
  messages,
} from "../../wire/index.ts";
import type { CallContext } from "../../wire/index.ts";
import type { Alarms } from "../alarms.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { Figures } from "../figures.ts";
import type { Member } from "../member.ts";
import type { Quota } from "../quota.ts";
import type { Health } from "./health.ts";
import { readableRevision } from "./kv.ts";

const EMPTY = new Uint8Array(0);
const { AlarmAction, AlarmType, DowngradeAction } = messages;

export class MaintenanceService {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #gate: AuthGate;
  readonly #member: Member;
  readonly #alarms: Alarms;
  readonly #quota: Quota;
  readonly #figures: Figures;
  readonly #health: Health;

  constructor(parts: {
    store: Store;
    queue: CommitQueue;
    gate: AuthGate;
    member: Member;
    alarms: Alarms;
    quota: Quota;
    figures: Figures;
    health: Health;
  }) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#gate = parts.gate;
    this.#member = parts.member;
    this.#alarms = parts.alarms;
    this.#quota = parts.quota;
    this.#figures = parts.figures;
    this.#health = parts.health;
  }

  alarm(bytes: Uint8Array, context: CallContext): PromiseLike<Uint8Array> {
    const request = messages.decodeAlarmRequest(bytes);
    if (request.action === AlarmAction.get) this.#gate.requireCaller(context);
    else this.#gate.requireAdmin(context);
    return this.#queue.submit({ type: "alarm", request });
  }

  status(bytes: Uint8Array, context: CallContext): Uint8Array {
    messages.decodeStatusRequest(bytes);
    this.#gate.requireCaller(context);
    const { memberId, term } = this.#member;
    const { appliedIndex, failure } = this.#queue;
    const size = this.#store.sizeBytes;
    const errors = this.#alarms.raised.map(alarmText);
    if (failure !== undefined) errors.push(failure.message);
    return messages.encodeStatusResponse({
      header: this.#member.header(this.#store.visibleRevision),
      version: ETCD_VERSION,
      dbSize: size,
      leader: memberId,
      raftIndex: appliedIndex,
      raftTerm: term,
      raftAppliedIndex: appliedIndex,
      errors,
      dbSizeInUse: this.#store.sizeInUseBytes,
      storageVersion: CLUSTER_VERSION,
      dbSizeQuota: Number.isFinite(this.#quota.bytes) ? this.#quota.bytes : -1,
      downgradeInfo: {},
    });
  }

  defragment(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    messages.decodeDefragmentRequest(bytes);
    this.#gate.requireAdmin(context);
    return this.#defragment();
  }

  async #defragment(): Promise<Uint8Array> {
    const figures = this.#figures;
    figures.defragmentsUnderWay++;
    this.#health.defragmentStarted();
    try {
      await figures.timed(figures.defragment, () => this.#store.defragment());
    } finally {
      figures.defragmentsUnderWay--;
      // Of several at a time the last.
      if (figures.defragmentsUnderWay === 0) this.#health.defragmentFinished();
    }
    return EMPTY;
  }

  /** Over this server's own rows: equal for equal content, but not to etcd's. */
  hash(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    messages.decodeHashRequest(bytes);
    this.#gate.requireAdmin(context);
    return this.#hash();
  }

  async #hash(): Promise<Uint8Array> {
    const figures = this.#figures;
    const hashed = figures.timed(figures.hash, () => this.#store.hashKeyValues(0));
    const { hash, currentRevision } = await hashed;
    const header = this.#member.header(currentRevision);
    return messages.encodeHashResponse({ header, hash });
  }

  hashKv(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const { revision } = messages.decodeHashKVRequest(bytes);
    this.#gate.requireAdmin(context);
    return this.#hashKv(revision);
  }

  async #hashKv(revision: number): Promise<Uint8Array> {
    if (!this.#store.keepsHashAt(revision)) readableRevision(this.#store, revision);
    const figures = this.#figures;
    const hashed = figures.timed(figures.hashRevision, () => this.#store.hashKeyValues(revision));
    const result = await hashed;
    return messages.encodeHashKVResponse({
      header: this.#member.header(result.currentRevision),
      hash: result.hash,
      compactRevision: result.compactRevision,
      hashRevision: result.hashRevision,
    });
  }

  moveLeader(bytes: Uint8Array, context: CallContext): Uint8Array {
    const { targetId } = messages.decodeMoveLeaderRequest(bytes);
    this.#gate.requireAdmin(context);
    if (targetId !== this.#member.memberId) throw new EtcdError("badLeaderTransferee");
    return EMPTY;
  }

  /** Source: etcd server/etcdserver/v3_server.go, Downgrade. */
  downgrade(bytes: Uint8Array, context: CallContext): Uint8Array {
    const { action, version } = messages.decodeDowngradeRequest(bytes);
    this.#gate.requireAdmin(context);
    const answer = messages.encodeDowngradeResponse({
      header: this.#member.header(this.#store.visibleRevision),
      version: CLUSTER_VERSION_SHORT,
    });
    if (action === DowngradeAction.cancel) return answer;
    if (action !== DowngradeAction.validate && action !== DowngradeAction.enable) {
      throw new EtcdError("unknownMethod");
    }
    const [, major, minor] = /^(\d+)\.(\d+)(\.\d+)?([-+].*)?$/.exec(version) ?? [];
    if (major === undefined) throw new EtcdError("wrongDowngradeVersionFormat");
    if (`${major}.${minor ?? ""}` !== DOWNGRADE_TARGET) {
      throw new EtcdError("invalidDowngradeTargetVersion");
    }
    if (action === DowngradeAction.validate) return answer;
    throw new EtcdError(STATUS.unimplemented, "etcdlet: there is no older version to go down to");
  }
}

/** One minor below {@link CLUSTER_VERSION_SHORT}. */
const DOWNGRADE_TARGET = "3.6";

/** As protobuf's text form has it. Source: etcd v3_server.go / maintenance.go, Status. */
function alarmText({ memberId, alarm }: { memberId: bigint; alarm: number }): string {
  return `memberID:${String(memberId)}  alarm:${ALARM_NAMES[alarm] ?? String(alarm)}`;
}

const ALARM_NAMES: Readonly<Record<number, string>> = {
  [AlarmType.nospace]: "NOSPACE",
  [AlarmType.corrupt]: "CORRUPT",
};
