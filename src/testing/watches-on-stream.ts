/** The watches of one stream, as both its ends tell of them. */
import type { KeyRange } from "../client/index.ts";
import { messages } from "../wire/index.ts";
import { haveCommonKey } from "./request-keys.ts";

export class WatchesOnStream {
  /** Asked for, and not yet made: they are answered in order. */
  readonly #asked: KeyRange[] = [];
  readonly #open = new Map<number, KeyRange>();
  /** Canceled here, while the server has not said yet that they are. */
  readonly #canceled = new Set<number>();

  /** The client sent this. */
  requested(message: Uint8Array): void {
    const { createRequest } = messages.decodeWatchRequest(message);
    if (createRequest !== undefined) this.#asked.push(createRequest);
  }

  /** The server answered this; false when it is of a watch that was canceled here. */
  answered(message: Uint8Array): boolean {
    const { watchId, created, canceled } = messages.decodeWatchResponse(message);
    if (created) {
      const keys = this.#asked.shift();
      if (keys !== undefined && !canceled) this.#open.set(watchId, keys);
      return true;
    }
    if (canceled) this.#open.delete(watchId);
    if (!this.#canceled.has(watchId)) return true;
    if (canceled) this.#canceled.delete(watchId);
    return false;
  }

  /** Forgets those with a key among these, or all: their answers are not wanted any more. */
  cancel(keys: KeyRange | undefined): number[] {
    const ids: number[] = [];
    for (const [id, range] of this.#open) {
      if (keys !== undefined && !haveCommonKey(range, keys)) continue;
      this.#open.delete(id);
      this.#canceled.add(id);
      ids.push(id);
    }
    return ids;
  }
}
