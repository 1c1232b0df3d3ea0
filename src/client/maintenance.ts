/** Looking after a server: its state, its size, its alarms. */
import { messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";
import type { Header } from "./kv-messages.ts";

export type AlarmType = Exclude<keyof typeof messages.AlarmType, "none">;

/** An alarm of one member. */
export interface Alarm {
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

/** What `client.maintenance` offers. Calls reject with EtcdError when the server refuses them. */
export class Maintenance {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Version, size, and place in the cluster of the server that answers. */
  status(): Promise<messages.StatusResponse> {
    return this.#calls.unary("status", {});
  }

  /** The alarms that are on, of all kinds or of one. */
  alarms(kind?: AlarmType): Promise<readonly Alarm[]> {
    return this.#alarm("get", { memberId: 0n, alarm: kind });
  }

  /** Sets an alarm off; resolves with it. */
  alarmActivate(alarm: Alarm): Promise<readonly Alarm[]> {
    return this.#alarm("activate", alarm);
  }

  /** Takes an alarm back; resolves with it, or with nothing when it was not on. */
  alarmDeactivate(alarm: Alarm): Promise<readonly Alarm[]> {
    return this.#alarm("deactivate", alarm);
  }

  /** Gives unused space on the disk back. May take long. */
  async defragment(): Promise<void> {
    await this.#calls.unary("defragment", {});
  }

  /** Hash of the whole store of the server that answers, for comparing members. */
  hash(): Promise<messages.HashResponse> {
    return this.#calls.unary("hash", {});
  }

  /** Hash of all keys and their history up to a revision; 0 is the newest. */
  hashKV(revision: number = 0): Promise<messages.HashKVResponse> {
    return this.#calls.unary("hashKV", { revision });
  }

  /** Makes another member the leader; the server asked must be the leader. */
  async moveLeader(targetId: bigint): Promise<void> {
    await this.#calls.unary("moveLeader", { targetId });
  }

  /** Prepares the cluster for an older version; resolves with the cluster's version. */
  async downgrade(
    action: keyof typeof messages.DowngradeAction,
    options: { readonly version?: string } = {},
  ): Promise<{ readonly header: Header; readonly version: string }> {
    const { header, version } = await this.#calls.unary("downgrade", {
      action: messages.DowngradeAction[action],
      version: options.version ?? "",
    });
    return { header, version };
  }

  /** The database as a file of etcd's own format, piece by piece, its SHA-256 at the end. */
  async *snapshot(): AsyncGenerator<messages.SnapshotResponse, void> {
    const stream = this.#calls.stream("snapshot");
    stream.send({});
    stream.end();
    yield* stream;
  }

  async #alarm(
    action: keyof typeof messages.AlarmAction,
    { memberId, alarm }: { memberId: bigint; alarm: AlarmType | undefined },
  ): Promise<readonly Alarm[]> {
    const { alarms } = await this.#calls.unary("alarm", {
      action: messages.AlarmAction[action],
      memberId,
      alarm: messages.AlarmType[alarm ?? "none"],
    });
    return alarms.map((on) => ({
      memberId: on.memberId,
      alarm: on.alarm === messages.AlarmType.corrupt ? "corrupt" : "nospace",
    }));
  }
}
