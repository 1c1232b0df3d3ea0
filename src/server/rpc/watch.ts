/**
 * Service Watch: one stream with many watchers.
 *
 * Source: etcd server/etcdserver/api/v3rpc/watch.go. The stream writes straight to its output; when
 * that has no room, the hub lets this stream's watchers fall behind, and they go on from history
 * when there is room again. Nothing is queued here.
 */
import { keyRange } from "../../mvcc/index.ts";
import type { Change, Store, WatchSink, Watcher } from "../../mvcc/index.ts";
import {
  EtcdError,
  encodeWatchEvents,
  eventFrameLength,
  latin1,
  messages,
} from "../../wire/index.ts";
import type { Clock, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { Member } from "../member.ts";
import { asStreamError } from "./refusal.ts";

/** Answers to a create that failed come under this id. Source: etcd clientv3, InvalidWatchID. */
const NO_WATCH_ID = -1;
const { FilterType } = messages;

export interface WatchOptions {
  /** Period of progress notifications. */
  readonly progressIntervalMs: number;
  /** A part of the period added to it, from 0 to 1: so that streams do not all notify at once. */
  readonly progressJitter: number;
  /** Size at which a response is split for a watcher that allows it. */
  readonly fragmentBytes: number;
}

/** What the stream knows of a watcher beside the hub. */
interface Entry {
  readonly id: number;
  readonly watcher: Watcher;
  readonly previous: boolean;
  readonly fragment: boolean;
  readonly notifyProgress: boolean;
  /** Events went out since the last tick: the next notification is left out. */
  active: boolean;
}

export class WatchStream implements StreamInput, WatchSink {
  readonly #store: Store;
  readonly #member: Member;
  readonly #clock: Clock;
  readonly #options: WatchOptions;
  readonly #output: StreamOutput;
  readonly #entries = new Map<number, Entry>();
  readonly #entryOf = new Map<Watcher, Entry>();
  #nextId = 0;
  #blocked = false;
  #over = false;
  #stopTicking: (() => void) | undefined = undefined;

  constructor(
    parts: { store: Store; member: Member; clock: Clock },
    options: WatchOptions,
    output: StreamOutput,
  ) {
    this.#store = parts.store;
    this.#member = parts.member;
    this.#clock = parts.clock;
    this.#options = options;
    this.#output = output;
    this.#scheduleTick();
  }

  get writable(): boolean {
    return !this.#blocked;
  }

  write(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      const { createRequest, cancelRequest, progressRequest } = messages.decodeWatchRequest(bytes);
      if (createRequest !== undefined) this.#create(createRequest);
      else if (cancelRequest !== undefined) this.#cancelWatcher(cancelRequest.watchId);
      else if (progressRequest !== undefined) this.#answerProgress();
    } catch (error) {
      this.#finish(asStreamError(error));
    }
  }

  /** The caller sends no more; its watchers go on. */
  end(): void {
    // Source: watch.go, recvLoop: a half-closed stream keeps delivering.
  }

  cancel(): void {
    this.#release();
  }

  drained(): void {
    this.#blocked = false;
    this.#store.watchers.wake();
  }

  events(watcher: Watcher, changes: readonly Change[], revision: number): void {
    try {
      this.#tell(watcher, changes, revision);
    } catch (error) {
      // A previous value that the disk does not give: the end of this stream, and of nothing else.
      this.#finish(asStreamError(error));
    }
  }

  #tell(watcher: Watcher, changes: readonly Change[], revision: number): void {
    const entry = this.#entryOf.get(watcher)!;
    entry.active = true;
    const header = this.#member.headers.at(revision);
    const events = changes.map((change) =>
      entry.previous ? change.eventWithPrevious(this.#readPrevious) : change.event(),
    );
    if (!entry.fragment) {
      this.#send(encodeWatchEvents(header, entry.id, events, false));
      return;
    }
    const emptyBytes = encodeWatchEvents(header, entry.id, [], false).length;
    const pieces = split(events, emptyBytes, this.#options.fragmentBytes);
    pieces.forEach((piece, index) => {
      this.#send(encodeWatchEvents(header, entry.id, piece, index < pieces.length - 1));
    });
  }

  compacted(watcher: Watcher, compactRevision: number): void {
    const { id: watchId } = this.#entryOf.get(watcher)!;
    // The entry stays until the client cancels it: so does etcd's, and its id stays taken.
    this.#answer({ watchId, canceled: true, compactRevision, revision: 0 });
  }

  readonly #readPrevious = (change: Change): Uint8Array | undefined =>
    this.#store.valueBefore(change);

  #create(request: messages.WatchCreateRequest): void {
    const key = request.key.length === 0 ? "\0" : latin1(request.key);
    const range = keyRange(key, latin1(request.rangeEnd));
    const refusal = this.#refusalOf(request, range);
    if (refusal !== undefined) {
      const watchId = NO_WATCH_ID;
      this.#answer({ watchId, created: true, canceled: true, cancelReason: refusal });
      return;
    }
    const id = request.watchId === 0 ? this.#freeId() : request.watchId;
    const { startRevision, filters } = request;
    this.#answer({ watchId: id, created: true });
    // The far end may be gone, and say so when it is written to.
    if (this.#over) return;
    const watcher = this.#store.watchers.watch({
      range,
      startRevision,
      noPut: filters.includes(FilterType.noput),
      noDelete: filters.includes(FilterType.nodelete),
      sink: this,
    });
    const entry: Entry = {
      id,
      watcher,
      previous: request.prevKv,
      fragment: request.fragment,
      notifyProgress: request.progressNotify,
      active: false,
    };
    this.#entries.set(id, entry);
    this.#entryOf.set(watcher, entry);
  }

  /** In etcd's order: the revision before the range before the id. */
  #refusalOf(
    request: messages.WatchCreateRequest,
    range: ReturnType<typeof keyRange>,
  ): string | undefined {
    if (request.startRevision < 0) return new EtcdError("compacted").message;
    if (range.end !== undefined && range.begin >= range.end) return "mvcc: watcher range is empty";
    if (request.watchId !== 0 && this.#entries.has(request.watchId)) {
      return "mvcc: duplicate watch ID provided on the WatchStream";
    }
    return undefined;
  }

  #freeId(): number {
    while (this.#entries.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancelWatcher(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#store.watchers.cancel(entry.watcher);
    this.#entries.delete(id);
    this.#entryOf.delete(entry.watcher);
    this.#answer({ watchId: id, canceled: true });
  }

  /** Answers only when every watcher of the stream was told of everything. */
  #answerProgress(): void {
    if (this.#entries.size === 0) return;
    for (const { watcher } of this.#entries.values()) {
      if (!this.#store.watchers.isUpToDate(watcher)) return;
    }
    this.#answer({ watchId: NO_WATCH_ID });
  }

  #scheduleTick(): void {
    const { progressIntervalMs, progressJitter } = this.#options;
    const delayMs = progressIntervalMs * (1 + progressJitter / 10);
    this.#stopTicking = this.#clock.after(delayMs, () => {
      this.#tick();
      if (!this.#over) this.#scheduleTick();
    });
  }

  #tick(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.notifyProgress) continue;
      const skipped = entry.active || this.#blocked;
      entry.active = false;
      if (skipped || !this.#store.watchers.isUpToDate(entry.watcher)) continue;
      this.#answer({ watchId: entry.id });
    }
  }

  #answer(response: {
    watchId: number;
    created?: boolean;
    canceled?: boolean;
    compactRevision?: number;
    cancelReason?: string;
    revision?: number;
  }): void {
    const { revision, ...fields } = response;
    const header = this.#member.header(revision ?? this.#store.visibleRevision);
    this.#send(messages.encodeWatchResponse({ header, ...fields }));
  }

  #send(message: Uint8Array): void {
    if (this.#over) return;
    if (!this.#output.write(message)) this.#blocked = true;
  }

  #finish(error: EtcdError): void {
    if (this.#over) return;
    this.#release();
    this.#output.end(error);
  }

  #release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTicking?.();
    for (const { watcher } of this.#entries.values()) this.#store.watchers.cancel(watcher);
    this.#entries.clear();
    this.#entryOf.clear();
  }
}

/** What a response takes more when it says that another piece follows. */
const FRAGMENT_FLAG_BYTES = 2;

/**
 * Pieces below the size, or of a single event; one when all of it is below. `emptyBytes` is the size
 * of a response without events. Source: watch.go, sendFragments.
 */
function split(
  events: readonly Uint8Array[],
  emptyBytes: number,
  bytesMax: number,
): Uint8Array[][] {
  const allBytes = events.reduce((sum, event) => sum + eventFrameLength(event), emptyBytes);
  if (allBytes < bytesMax) return [[...events]];
  const pieceBytes = emptyBytes + FRAGMENT_FLAG_BYTES;
  const pieces: Uint8Array[][] = [];
  let piece: Uint8Array[] = [];
  let bytes = pieceBytes;
  for (const event of events) {
    const length = eventFrameLength(event);
    if (piece.length > 0 && bytes + length >= bytesMax) {
      pieces.push(piece);
      piece = [];
      bytes = pieceBytes;
    }
    piece.push(event);
    bytes += length;
  }
  pieces.push(piece);
  return pieces;
}
