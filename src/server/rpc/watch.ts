/**
 * Service Watch: one stream with many watchers.
 *
 * Source: etcd server/etcdserver/api/v3rpc/watch.go. The stream writes straight to its output; when
 * that has no room, the hub lets this stream's watchers wait, and they go on when there is room again.
 * Nothing is queued here.
 */
import { keyRange } from "../../mvcc/index.ts";
import type { Store, WatchOutlet, WatchSink, Watcher } from "../../mvcc/index.ts";
import {
  EtcdError,
  codeName,
  endOfFrame,
  latin1,
  messages,
  watchHead,
  watchIdField,
} from "../../wire/index.ts";
import type { CallContext, Clock, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import { mustAccess } from "../auth/permissions.ts";
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

export class WatchStream implements StreamInput, WatchOutlet {
  readonly #store: Store;
  readonly #member: Member;
  readonly #clock: Clock;
  readonly #gate: AuthGate;
  readonly #context: CallContext;
  readonly #options: WatchOptions;
  readonly #output: Required<StreamOutput>;
  readonly #entries = new Map<number, { readonly entry: Entry; readonly watcher: Watcher }>();
  #nextId = 0;
  #blocked = false;
  #over = false;
  #stopTicking: (() => void) | undefined = undefined;

  constructor(
    parts: { store: Store; member: Member; clock: Clock; gate: AuthGate },
    context: CallContext,
    options: WatchOptions,
    output: Required<StreamOutput>,
  ) {
    this.#store = parts.store;
    this.#member = parts.member;
    this.#clock = parts.clock;
    this.#gate = parts.gate;
    this.#context = context;
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
    this.#store.watchers.wake(this);
  }

  /** Events of one of the stream's watchers, from the revision that the header says. */
  tell(entry: Entry, blocks: readonly Uint8Array[], revision: number): void {
    const header = this.#member.headers.at(revision);
    if (!entry.fragment) {
      this.#sendParts(watchHead(header, entry.idField, false), blocks);
      return;
    }
    const emptyBytes = header.length + entry.idField.length;
    const pieces = split(blocks, emptyBytes, this.#options.fragmentBytes);
    pieces.forEach((piece, index) => {
      this.#sendParts(watchHead(header, entry.idField, index < pieces.length - 1), piece);
    });
  }

  compacted(watchId: number, compactRevision: number): void {
    // The entry stays until the client cancels it: so does etcd's, and its id stays taken.
    this.#answer({ watchId, canceled: true, compactRevision, revision: 0 });
  }

  failed(watchId: number, error: unknown): void {
    this.#entries.delete(watchId);
    this.#answer({ watchId, canceled: true, cancelReason: asStreamError(error).message });
  }

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
    const entry = new Entry(this, id, request);
    const watcher = this.#store.watchers.watch({
      range,
      startRevision,
      noPut: filters.includes(FilterType.noput),
      noDelete: filters.includes(FilterType.nodelete),
      previous: request.prevKv,
      sink: entry,
    });
    this.#entries.set(id, { entry, watcher });
  }

  /** In etcd's order: the revision before permission, range and id. */
  #refusalOf(
    request: messages.WatchCreateRequest,
    range: ReturnType<typeof keyRange>,
  ): string | undefined {
    if (request.startRevision < 0) return new EtcdError("compacted").message;
    if (this.#gate.state.enabled) {
      const { rangeEnd } = request;
      const denial = this.#denialOf({ key: Buffer.from(range.begin, "latin1"), rangeEnd });
      if (denial !== undefined) return denial;
    }
    if (range.end !== undefined && range.begin >= range.end) return "mvcc: watcher range is empty";
    if (request.watchId !== 0 && this.#entries.has(request.watchId)) {
      return "mvcc: duplicate watch ID provided on the WatchStream";
    }
    return undefined;
  }

  /** Asked for at the start of a watch only. Source: watch.go, isWatchPermitted and recvLoop. */
  #denialOf(range: { key: Uint8Array; rangeEnd: Uint8Array }): string | undefined {
    try {
      const caller = this.#gate.callerOf(this.#context);
      mustAccess(this.#gate.state, caller, "read", range);
      return undefined;
    } catch (error) {
      const { code, message } = asStreamError(error);
      return `rpc error: code = ${codeName(code)} desc = ${message}`;
    }
  }

  #freeId(): number {
    while (this.#entries.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancelWatcher(id: number): void {
    const found = this.#entries.get(id);
    if (found === undefined) return;
    this.#store.watchers.cancel(found.watcher);
    this.#entries.delete(id);
    this.#answer({ watchId: id, canceled: true });
  }

  /** Answers only when every watcher of the stream was told of everything. */
  #answerProgress(): void {
    if (this.#entries.size === 0) return;
    for (const { watcher } of this.#entries.values()) {
      if (!this.#store.watchers.bringUpToDate(watcher)) return;
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
    for (const { entry, watcher } of this.#entries.values()) {
      if (!entry.notifyProgress) continue;
      const skipped = entry.active || this.#blocked;
      entry.active = false;
      if (skipped || !this.#store.watchers.isUpToDate(watcher)) continue;
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

  #sendParts(head: Uint8Array, blocks: readonly Uint8Array[]): void {
    if (this.#over) return;
    if (!this.#output.writeParts(head, blocks)) this.#blocked = true;
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
  }
}

/** One watcher of a stream. */
class Entry implements WatchSink {
  readonly outlet: WatchStream;
  readonly id: number;
  readonly idField: Uint8Array;
  readonly fragment: boolean;
  readonly notifyProgress: boolean;
  /** Events went out since the last tick: the next notification is left out. */
  active = false;

  constructor(outlet: WatchStream, id: number, request: messages.WatchCreateRequest) {
    this.outlet = outlet;
    this.id = id;
    this.idField = watchIdField(id);
    this.fragment = request.fragment;
    this.notifyProgress = request.progressNotify;
  }

  events(blocks: readonly Uint8Array[], revision: number): void {
    this.active = true;
    this.outlet.tell(this, blocks, revision);
  }

  compacted(compactRevision: number): void {
    this.outlet.compacted(this.id, compactRevision);
  }

  failed(error: unknown): void {
    this.outlet.failed(this.id, error);
  }
}

/** What a response takes more when it says that another piece follows. */
const FRAGMENT_FLAG_BYTES = 2;

/**
 * The events of blocks in pieces below the size, or of a single event; in one when all of it is below.
 * `emptyBytes` is the size of a response without events. Source: watch.go, sendFragments.
 */
function split(
  blocks: readonly Uint8Array[],
  emptyBytes: number,
  bytesMax: number,
): (readonly Uint8Array[])[] {
  const allBytes = blocks.reduce((sum, { length }) => sum + length, emptyBytes);
  if (allBytes < bytesMax) return [blocks];
  const pieceBytes = emptyBytes + FRAGMENT_FLAG_BYTES;
  const pieces: Uint8Array[][] = [];
  let piece: Uint8Array[] = [];
  let bytes = pieceBytes;
  for (const block of blocks) {
    for (let start = 0, end = 0; start < block.length; start = end) {
      end = endOfFrame(block, start);
      if (piece.length > 0 && bytes + end - start >= bytesMax) {
        pieces.push(piece);
        piece = [];
        bytes = pieceBytes;
      }
      piece.push(block.subarray(start, end));
      bytes += end - start;
    }
  }
  pieces.push(piece);
  return pieces;
}
