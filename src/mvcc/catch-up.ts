/**
 * Tells watchers that are behind what they missed, from history.
 *
 * One loop reads for all of them, in chunks of whole revisions, beginning with the one furthest
 * behind. A watcher has caught up in the same step in which it is told of the newest visible revision:
 * between the two nothing can be published, because nothing awaits.
 */
import type { Change } from "./change.ts";
import { readHistory } from "./history-reader.ts";
import type { HistoryChunk } from "./history-reader.ts";
import type { Interest } from "./interest.ts";
import type { KeySpace } from "./key-space.ts";
import { Slice, turn } from "./slice.ts";
import type { Watcher } from "./watcher.ts";

/** Hears what became of watchers that were behind. */
export interface CatchUpOwner {
  /** From now on it hears of changes as they are published. */
  caughtUp(watcher: Watcher): void;
  /** It needs revisions that are gone. */
  compacted(watcher: Watcher): void;
  failed(watchers: readonly Watcher[], error: unknown): void;
}

export class CatchUp {
  readonly #space: KeySpace;
  readonly #owner: CatchUpOwner;
  readonly #watchers = new Set<Watcher>();
  readonly #slice = new Slice();
  #running: Promise<void> | undefined = undefined;
  #closed = false;

  constructor(space: KeySpace, owner: CatchUpOwner) {
    this.#space = space;
    this.#owner = owner;
  }

  /** Number of watchers that are behind. */
  get count(): number {
    return this.#watchers.size;
  }

  /** Its sink hears nothing before the caller's next await. */
  add(watcher: Watcher): void {
    watcher.state = "behind";
    this.#watchers.add(watcher);
    this.wake();
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Some outlet has room again. */
  wake(): void {
    if (this.#closed || this.#watchers.size === 0) return;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The caller of watch() first says that the watcher was created.
    await turn();
    for (;;) {
      const ready = this.#closed ? [] : this.#ready();
      if (ready.length === 0) {
        // In the same step as the look: a wake() from here on begins anew.
        this.#running = undefined;
        return;
      }
      try {
        await this.#tellAll(ready, await readHistory(this.#space, ready[0]!.nextRevision));
      } catch (error) {
        this.#owner.failed(ready, error);
      }
      await turn();
    }
  }

  /** Watchers that can be told something, the one furthest behind first. */
  #ready(): Watcher[] {
    const ready: Watcher[] = [];
    for (const watcher of this.#watchers) {
      if (!watcher.sink.outlet.writable) continue;
      if (watcher.nextRevision < this.#space.compactedRevision) {
        this.#watchers.delete(watcher);
        this.#owner.compacted(watcher);
      } else {
        ready.push(watcher);
      }
    }
    return ready.sort((a, b) => a.nextRevision - b.nextRevision);
  }

  /** Those that want the same from the same revision on follow each other, and share the bytes. */
  async #tellAll(watchers: readonly Watcher[], chunk: HistoryChunk): Promise<void> {
    const selections = new Map<Interest, Selection>();
    this.#slice.begin();
    for (const watcher of watchers) {
      if (this.#closed || watcher.nextRevision > chunk.through) return;
      if (watcher.state !== "behind" || !watcher.sink.outlet.writable) continue;
      let selection = selections.get(watcher.interest);
      try {
        if (selection?.from !== watcher.nextRevision) selection = this.#select(watcher, chunk);
      } catch (error) {
        this.#owner.failed([watcher], error);
        continue;
      }
      selections.set(watcher.interest, selection);
      this.#tell(watcher, selection, chunk.through);
      this.#slice.spend(selection.bytes);
      if (!this.#slice.isOver) continue;
      await turn();
      this.#slice.begin();
    }
  }

  /** Whole: no await from the events to the step into the index. */
  #tell(watcher: Watcher, { blocks, eventCount }: Selection, through: number): void {
    this.#space.counts.events += eventCount;
    watcher.nextRevision = through + 1;
    if (watcher.nextRevision > this.#space.visibleRevision) {
      this.#watchers.delete(watcher);
      this.#owner.caughtUp(watcher);
    }
    if (blocks.length > 0) watcher.sink.events(blocks, this.#space.visibleRevision);
  }

  /** Throws StorageError. */
  #select({ interest, nextRevision: from }: Watcher, chunk: HistoryChunk): Selection {
    const wants = (change: Change): boolean => change.main >= from && interest.wants(change);
    const changes = chunk.within(interest.range).filter(wants);
    if (changes.length === 0) return { from, blocks: [], bytes: 0, eventCount: 0 };
    const block = interest.encode(changes, this.#space);
    return { from, blocks: [block], bytes: block.length, eventCount: changes.length };
  }
}

/** What watchers of one interest are told of a chunk, from a revision on. */
interface Selection {
  readonly from: number;
  readonly blocks: readonly Uint8Array[];
  readonly bytes: number;
  readonly eventCount: number;
}
