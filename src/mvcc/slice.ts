/**
 * How much is told to watchers before everybody else has a turn. About a millisecond's worth: longer
 * makes calls wait, shorter makes the turns count.
 */

const SLICE_BYTES = 2 * 1024 * 1024;

/** What a response costs beside its bytes: about as much as copying so many. */
const RESPONSE_COST_BYTES = 2048;

export class Slice {
  #left = 0;

  begin(): void {
    this.#left = SLICE_BYTES;
  }

  /** A response of so many bytes was made. */
  spend(bytes: number): void {
    this.#left -= bytes + RESPONSE_COST_BYTES;
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }
}

/** Lets everything else that waits have its turn. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
