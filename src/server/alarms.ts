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
  readonly #alarms = new Map<string, Alarm>();

  constructor(alarms: readonly Alarm[]) {
    for (const alarm of alarms) this.#alarms.set(nameOf(alarm), alarm);
  }

  /** Alarms of a type; of every type for `none`. */
  list(type: number): Alarm[] {
    const all = [...this.#alarms.values()];
    return type === AlarmType.none ? all : all.filter(({ alarm }) => alarm === type);
  }

  has(type: number): boolean {
    return this.#alarms.size > 0 && this.list(type).length > 0;
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
    const existing = this.#alarms.get(nameOf(alarm));
    if (existing !== undefined) return existing;
    this.#alarms.set(nameOf(alarm), alarm);
    txn.putRecord(alarmKey(alarm.memberId, alarm.alarm), messages.encodeAlarmMember(alarm));
    return alarm;
  }

  #deactivate(alarm: Alarm, txn: WriteTxn): Alarm[] {
    const existing = this.#alarms.get(nameOf(alarm));
    if (existing === undefined) return [];
    this.#alarms.delete(nameOf(alarm));
    txn.deleteRecord(alarmKey(alarm.memberId, alarm.alarm));
    return [existing];
  }
}

function nameOf(alarm: Alarm): string {
  return `${String(alarm.memberId)}/${String(alarm.alarm)}`;
}
