/**
 * Revisions that long reads are under way at. A compaction refuses new reads at once, but removes
 * nothing that such a read may still come to.
 */
export class ReadPins {
  readonly #counts = new Map<number, number>();
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  /** Number of reads under way. */
  get count(): number {
    let all = 0;
    for (const count of this.#counts.values()) all += count;
    return all;
  }

  /** Keeps a revision readable until the returned function is called, once. */
  add(revision: number): () => void {
    this.#counts.set(revision, (this.#counts.get(revision) ?? 0) + 1);
    return () => {
      const count = this.#counts.get(revision)! - 1;
      if (count > 0) {
        this.#counts.set(revision, count);
      } else {
        this.#counts.delete(revision);
        this.#release();
      }
    };
  }

  /** Resolves when nobody reads below a revision. */
  noneBelow(revision: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ revision, resolve });
      this.#release();
    });
  }

  #release(): void {
    // Few: as many as there are different revisions under way.
    const oldest = Math.min(...this.#counts.keys());
    const stillWaiting = this.#waiting.filter(({ revision }) => revision > oldest);
    const free = this.#waiting.filter(({ revision }) => revision <= oldest);
    this.#waiting = stillWaiting;
    for (const { resolve } of free) resolve();
  }
}
