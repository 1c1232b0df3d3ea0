import { CLOSED_STREAMS_REMEMBERED } from "./limits.ts";

/**
 * The streams that closed last. A frame for one that we have reset may have been under way, and
 * means nothing; for one that the client knew to be closed it is an error.
 */
export class ClosedStreams {
  /**
   * Ids are odd; one that we have reset is noted as its even successor. It grows with the streams:
   * most connections have few.
   */
  readonly #ids: number[] = [];
  #next = 0;

  add(streamId: number, isResetByUs: boolean): void {
    this.#ids[this.#next] = isResetByUs ? streamId + 1 : streamId;
    this.#next = (this.#next + 1) % CLOSED_STREAMS_REMEMBERED;
  }

  /** Undefined for a stream that was never open, or so long ago that it is forgotten. */
  find(streamId: number): "ended" | "reset" | undefined {
    for (const id of this.#ids) {
      if (id === streamId) return "ended";
      if (id === streamId + 1) return "reset";
    }
    return undefined;
  }
}
