/** Refuses writes when the store has reached its quota. Source: etcd server/storage/quota.go. */
import { EtcdError, messages } from "../wire/index.ts";
import type { Logger } from "../wire/index.ts";
import type { Store } from "../mvcc/index.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Member } from "./member.ts";

export class Quota {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #member: Member;
  readonly #logger: Logger;
  /** Bytes; infinite for no limit. */
  readonly bytes: number;

  constructor(
    parts: { store: Store; queue: CommitQueue; member: Member; logger: Logger },
    bytes: number,
  ) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#member = parts.member;
    this.#logger = parts.logger;
    this.bytes = bytes;
  }

  /** Whether a request of that cost still fits. */
  allows(cost: number): boolean {
    return cost === 0 || this.#store.sizeBytes + cost < this.bytes;
  }

  /** Raises the alarm for space, and refuses. */
  async refuse(): Promise<never> {
    const request = {
      action: messages.AlarmAction.activate,
      memberId: this.#member.memberId,
      alarm: messages.AlarmType.nospace,
    };
    this.#logger.warn("database size exceeds quota", {
      "quota-size-bytes": this.bytes,
      "current-db-size-bytes": this.#store.sizeBytes,
    });
    await this.#queue.submit({ type: "alarm", request });
    throw new EtcdError("noSpace");
  }
}
