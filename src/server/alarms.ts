/** Alarms that are raised, and what they forbid. */
import { alarmKey } from "../mvcc/index.ts";
import type { WriteTxn } from "../mvcc/index.ts";
import { EtcdError, messages } from "../wire/index.ts";

const { AlarmAction, AlarmType } = messages;

export interface Alarm {
  readonly memberId: bigint;
  readonly alarm: number;
}

export class Alarms {
  /** As commands see them. The list is replaced, never changed. */
  #applied: readonly Alarm[];
  #raised: readonly Alarm[];

  constructor(alarms: readonly Alarm[]) {
    this.#applied = alarms;
    this.#raised = alarms;
  }

  /** Those that are on disk: what the world may know of. */
  get raised(): readonly Alarm[] {
    return this.#raised;
  }

  /** As they are after the commands so far, to be shown when those are on disk. */
  get applied(): readonly Alarm[] {
    return this.#applied;
  }

  /** These are on disk. */
  show(alarms: readonly Alarm[]): void {
    this.#raised = alarms;
  }

  /** Alarms of a type after the commands so far; of every type for `none`. */
  list(type: number): Alarm[] {
    return this.#applied.filter(({ alarm }) => type === AlarmType.none || alarm === type);
  }

  has(type: number): boolean {
    return this.#applied.length > 0 && this.#applied.some(({ alarm }) => alarm === type);
  }

  /** Throws EtcdError `corrupt` while that alarm is raised. */
  refuseIfCorrupt(): void {
    if (this.has(AlarmType.corrupt)) throw new EtcdError("corrupt");
  }

  /** The alarm for space is raised. */
  get isFull(): boolean {
    return this.has(AlarmType.nospace);
  }

  /** Throws EtcdError `noSpace` while {@link isFull}. */
  refuseIfFull(): void {
    if (this.isFull) throw new EtcdError("noSpace");
  }

  /**
   * Answers the alarms the request is about.
   * Source: etcd server/etcdserver/apply/apply.go, Alarm; an unknown action answers nothing.
   */
  apply(request: messages.AlarmRequest, txn: WriteTxn): Alarm[] {
    const { memberId, alarm } = request;
    switch (request.action) {
      case AlarmAction.get:
        return this.list(alarm);
      case AlarmAction.activate:
        return alarm === AlarmType.none ? [] : [this.#activate({ memberId, alarm }, txn)];
      case AlarmAction.deactivate:
        return this.#deactivate({ memberId, alarm }, txn);
      default:
        return [];
    }
  }

  #activate(alarm: Alarm, txn: WriteTxn): Alarm {
    const existing = this.#find(alarm);
    if (existing !== undefined) return existing;
    this.#applied = [...this.#applied, alarm];
    txn.putRecord(alarmKey(alarm.memberId, alarm.alarm), messages.encodeAlarmMember(alarm));
    return alarm;
  }

  #deactivate(alarm: Alarm, txn: WriteTxn): Alarm[] {
    const existing = this.#find(alarm);
    if (existing === undefined) return [];
    this.#applied = this.#applied.filter((other) => other !== existing);
    txn.deleteRecord(alarmKey(alarm.memberId, alarm.alarm));
    return [existing];
  }

  #find({ memberId, alarm }: Alarm): Alarm | undefined {
    return this.#applied.find((other) => other.memberId === memberId && other.alarm === alarm);
  }
}
