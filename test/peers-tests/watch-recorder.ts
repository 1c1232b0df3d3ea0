/**
 * What the watchers of one server hear.
 *
 * Borders of messages are the server's business where history is replayed, so the events of a watcher are one
 * sequence; live, each revision comes with a header of its own, which belongs to the event. A log of all that
 * happened, kept by a watcher of everything, says how many events each of the others has to hear before it
 * makes sense to compare.
 */
import type { Client, WatchStream } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { normalise } from "./normalise.ts";

/** Longer than anything here takes on a busy machine: etcd looks after lagging watchers every 100 ms. */
const waitLimitMs = 20_000;

/** Between two requests for progress: one that came too early is not answered at all. */
const progressRetryMs = 20;

/** A change, as the watcher of everything heard of it. */
interface LogEntry {
  readonly revision: number;
  readonly key: string;
  readonly deleted: boolean;
}

/** What a watcher asked for. */
type WatchRequest = messages.WatchCreateRequestInit;

/** Wakes those who wait for something that a message may bring. */
export class Arrivals {
  readonly #waiting = new Set<{ holds(): boolean; done(error?: Error): void }>();
  #failure: Error | undefined;

  /** Looks at every condition again. */
  arrived(): void {
    for (const waiter of this.#waiting) {
      if (waiter.holds()) waiter.done();
    }
  }

  /** Whoever waits, waits in vain. */
  fail(error: Error): void {
    this.#failure = error;
    for (const waiter of this.#waiting) waiter.done(error);
  }

  /** Resolves to whether the condition came to hold before the limit; rejects when the stream failed. */
  until(holds: () => boolean, limitMs: number = waitLimitMs): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      if (holds()) {
        resolve(true);
        return;
      }
      const waiter = {
        holds,
        done: (error?: Error): void => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          if (error === undefined) resolve(holds());
          else reject(error);
        },
      };
      const timer = setTimeout(() => waiter.done(), limitMs);
      this.#waiting.add(waiter);
    });
  }
}

/** One watcher: what it was to hear, and what it heard. */
class RecordedWatcher {
  /** Events since they were last taken, as text. */
  events: string[] = [];
  heardCount = 0;
  /** Events that the log says it must have heard; not more than there will be. */
  dueCount = 0;
  /** Whether it may not have been told of all that is past. */
  readsHistory: boolean;
  #logIndex = 0;
  #lastRevision = 0;
  #openFragment = false;
  readonly #live: boolean;
  readonly #startRevision: number;
  readonly #compactedRevision: number;
  readonly #request: WatchRequest;

  constructor(request: WatchRequest, created: { revision: number; compactedRevision: number }) {
    const startRevision = request.startRevision ?? 0;
    this.#request = request;
    this.#live = startRevision === 0 || startRevision > created.revision;
    this.readsHistory = !this.#live;
    this.#startRevision = startRevision === 0 ? created.revision + 1 : startRevision;
    this.#compactedRevision = created.compactedRevision;
  }

  /** Adds to what it heard; returns what is wrong with it, if anything. */
  take(response: messages.WatchResponse): string | undefined {
    const header = this.#live ? `${response.header?.revision ?? "none"}: ` : "";
    for (const event of response.events) {
      this.events.push(header + JSON.stringify(normalise(event)));
    }
    if (response.fragment || this.#openFragment) {
      this.events.push(`${response.events.length} events in a piece, last: ${!response.fragment}`);
    }
    this.heardCount += response.events.length;
    const revisions = response.events.map((event) => event.kv?.modRevision ?? 0);
    const first = revisions[0] ?? 0;
    const torn = !this.#openFragment && first <= this.#lastRevision;
    const ordered = revisions.every((revision, index) => revision >= (revisions[index - 1] ?? 0));
    this.#openFragment = response.fragment;
    this.#lastRevision = revisions.at(-1) ?? 0;
    if (torn) return `events of revision ${first} came in two messages`;
    return ordered ? undefined : `revisions are not in order: ${revisions.join(", ")}`;
  }

  /** Whether it can have heard all that a store of this revision has to say to it. */
  startsBy(revision: number): boolean {
    return (this.#request.startRevision ?? 0) <= revision;
  }

  /** Reads on in the log. */
  readLog(log: readonly LogEntry[]): void {
    for (; this.#logIndex < log.length; this.#logIndex++) {
      const entry = log[this.#logIndex];
      if (entry !== undefined && this.#isDue(entry, log)) this.dueCount++;
    }
  }

  #isDue(entry: LogEntry, log: readonly LogEntry[]): boolean {
    const { filters = [], key = new Uint8Array(0), rangeEnd = new Uint8Array(0) } = this.#request;
    const { noput, nodelete } = messages.FilterType;
    if (entry.revision < this.#startRevision) return false;
    if (filters.includes(entry.deleted ? nodelete : noput)) return false;
    const begin = key.length === 0 ? "\0" : latin1(key);
    const end = latin1(rangeEnd);
    if (end === "" ? entry.key !== begin : entry.key < begin) return false;
    if (end !== "" && end !== "\0" && entry.key >= end) return false;
    // A key changed twice in the revision compacted at: what is left of it is the server's business.
    return (
      entry.revision !== this.#compactedRevision ||
      log.filter(({ revision, key }) => revision === entry.revision && key === entry.key).length ===
        1
    );
  }
}

/** One watch stream of one server. */
class RecordedStream {
  /** Watchers by their ids; one that was ended by a compaction stays until it is cancelled. */
  readonly watchers = new Map<number, RecordedWatcher | "compacted">();
  /** Answers that are not events, as text: what was created, refused, and cancelled. */
  readonly control: string[] = [];
  /** Revisions of progress notifications, each once. */
  readonly progress: number[] = [];
  readonly #stream: WatchStream;
  readonly #owner: WatchRecorder;
  #creating: { request: WatchRequest; compactedRevision: number } | undefined;
  #closed = false;

  constructor(client: Client, owner: WatchRecorder) {
    this.#stream = client.watchStream();
    this.#owner = owner;
    this.#read().catch((error: unknown) => {
      if (!this.#closed) owner.arrivals.fail(new Error("A watch stream failed", { cause: error }));
    });
  }

  close(): void {
    this.#closed = true;
    this.#stream.cancel();
  }

  /** Creates a watcher; resolves with the answers to it, which are two when its start is compacted. */
  async create(request: WatchRequest, compactedRevision: number): Promise<readonly string[]> {
    this.#creating = { request, compactedRevision };
    const startRevision = request.startRevision ?? 0;
    const from = this.control.length;
    this.#stream.send({ createRequest: request });
    await this.#controlled(from + 1);
    const refused = this.control[from]?.includes('"canceled":true') === true;
    if (!refused && startRevision > 0 && startRevision < compactedRevision) {
      await this.#controlled(from + 2);
    }
    return this.control.slice(from);
  }

  /** Cancels; an id that is not there is not answered. */
  async cancel(watchId: number): Promise<readonly string[]> {
    const from = this.control.length;
    const known = this.watchers.has(watchId);
    this.#stream.send({ cancelRequest: { watchId } });
    if (known) await this.#controlled(from + 1);
    return this.control.slice(from);
  }

  /**
   * Asks for progress: until it is answered, or once where it must not be. That is so where any watcher waits
   * for the future or was ended by a compaction, and where there is none. Source: etcd
   * server/storage/mvcc/watchable_store.go, progressIfSync.
   */
  async requestProgress(revision: number): Promise<void> {
    const from = this.progress.length;
    const watchers = [...this.watchers.values()];
    const isUpToDate = watchers.every((one) => one !== "compacted" && one.startsBy(revision));
    this.#stream.send({ progressRequest: {} });
    if (watchers.length === 0 || !isUpToDate) return;
    const { arrivals } = this.#owner;
    for (let waitedMs = 0; this.progress.length === from; waitedMs += progressRetryMs) {
      if (waitedMs > waitLimitMs) throw new Error("Waited in vain for progress");
      const came = await arrivals.until(() => this.progress.length > from, progressRetryMs);
      if (!came) this.#stream.send({ progressRequest: {} });
    }
    // A request that the server refuses in order: whatever was asked before has been answered then.
    const controlFrom = this.control.length;
    this.#stream.send({ createRequest: { key: Buffer.from("b"), rangeEnd: Buffer.from("a") } });
    await this.#controlled(controlFrom + 1);
    this.control.length = controlFrom;
  }

  async #controlled(count: number): Promise<void> {
    const { arrivals } = this.#owner;
    if (!(await arrivals.until(() => this.control.length >= count))) {
      throw new Error("Waited in vain for an answer on a watch stream");
    }
  }

  async #read(): Promise<void> {
    for await (const response of this.#stream) {
      this.#take(response);
      this.#owner.arrivals.arrived();
    }
    if (!this.#closed) throw new Error("The server ended it");
  }

  #take(response: messages.WatchResponse): void {
    const { watchId, created, canceled, compactRevision, events } = response;
    if (created && !canceled && this.#creating !== undefined) {
      const { request, compactedRevision } = this.#creating;
      const revision = response.header?.revision ?? 0;
      this.watchers.set(watchId, new RecordedWatcher(request, { revision, compactedRevision }));
    } else if (canceled && !created) {
      if (compactRevision === 0) this.watchers.delete(watchId);
      else this.watchers.set(watchId, "compacted");
    }
    if (created || canceled) this.control.push(JSON.stringify(normalise(response)));
    else if (events.length === 0) this.#takeProgress(response.header?.revision ?? -1);
    else this.#takeEvents(response);
  }

  /** Asked for more than once, it may be answered more than once. */
  #takeProgress(revision: number): void {
    if (this.progress.at(-1) !== revision) this.progress.push(revision);
  }

  #takeEvents(response: messages.WatchResponse): void {
    const watcher = this.watchers.get(response.watchId);
    const problem =
      watcher === undefined || watcher === "compacted"
        ? "events for a watcher that is not there"
        : watcher.take(response);
    if (problem !== undefined) {
      this.#owner.problems.push(`${problem}: ${JSON.stringify(normalise(response))}`);
    }
    this.#owner.logEvents(this, response);
  }
}

/** All watch streams of one server. */
export class WatchRecorder {
  readonly arrivals: Arrivals = new Arrivals();
  /** What no server may do, whatever another does. */
  readonly problems: string[] = [];
  readonly #log: LogEntry[] = [];
  #client: Client;
  #logStream: RecordedStream;
  #streams: RecordedStream[];

  /** Call {@link start} before anything else. */
  constructor(client: Client, streamCount: number) {
    this.#client = client;
    this.#logStream = new RecordedStream(client, this);
    this.#streams = Array.from({ length: streamCount }, () => new RecordedStream(client, this));
  }

  /** Begins to watch everything. */
  async start(): Promise<void> {
    const everything = Buffer.from("\0");
    const startRevision = (this.#log.at(-1)?.revision ?? 1) + 1;
    const request = { key: everything, rangeEnd: everything, startRevision, prevKv: true };
    await this.#logStream.create(request, -1);
  }

  /** Opens all streams anew, on a server that has been started again. */
  async restart(client: Client): Promise<void> {
    this.close();
    this.#client = client;
    this.#logStream = new RecordedStream(client, this);
    this.#streams = this.#streams.map(() => new RecordedStream(client, this));
    await this.start();
  }

  stream(index: number): RecordedStream {
    const stream = this.#streams[index];
    if (stream === undefined) throw new RangeError(`Cannot find stream: ${index}`);
    return stream;
  }

  reopen(index: number): void {
    this.stream(index).close();
    this.#streams[index] = new RecordedStream(this.#client, this);
  }

  close(): void {
    for (const stream of [this.#logStream, ...this.#streams]) stream.close();
  }

  logEvents(stream: RecordedStream, response: messages.WatchResponse): void {
    if (stream !== this.#logStream) return;
    for (const { kv, type } of response.events) {
      const revision = kv?.modRevision ?? 0;
      const last = this.#log.at(-1)?.revision ?? 1;
      if (revision !== last && revision !== last + 1) {
        this.problems.push(`revision ${last} is followed by ${revision}`);
      }
      const key = latin1(kv?.key ?? new Uint8Array(0));
      this.#log.push({ revision, key, deleted: type === messages.EventType.delete });
    }
  }

  /** Resolves when everything up to the revision has been heard, by the log of all that happened. */
  async heard(revision: number): Promise<boolean> {
    const { arrivals } = this;
    if (!(await arrivals.until(() => (this.#log.at(-1)?.revision ?? 1) >= revision))) return false;
    const watchers = this.#watchers();
    if (watchers.some(({ readsHistory }) => readsHistory)) await this.#passHistory(revision);
    for (const watcher of watchers) watcher.readLog(this.#log);
    return await arrivals.until(() =>
      watchers.every(({ heardCount, dueCount }) => heardCount >= dueCount),
    );
  }

  /**
   * Resolves when every watcher that began in the past is past it, even those that heard nothing in it: the
   * server serves them together, so one more, which does hear something, tells of all of them.
   * Source: etcd server/storage/mvcc/watchable_store.go, syncWatchers.
   */
  async #passHistory(revision: number): Promise<void> {
    const stream = new RecordedStream(this.#client, this);
    try {
      const everything = Buffer.from("\0");
      const request = { key: everything, rangeEnd: everything, startRevision: revision };
      await stream.create(request, -1);
      const [watcher] = stream.watchers.values();
      if (watcher === undefined || watcher === "compacted") {
        throw new Error(`Cannot watch from revision ${revision}: refused`);
      }
      if (!(await this.arrivals.until(() => watcher.heardCount > 0))) {
        throw new Error(`Waited in vain for the events of revision ${revision}`);
      }
      for (const one of this.#watchers()) one.readsHistory = false;
    } finally {
      stream.close();
    }
  }

  /** How many events each watcher has heard. */
  counts(): string {
    return this.#watchers()
      .map(({ heardCount }) => heardCount)
      .join(" ");
  }

  /** All that was heard since this was called last. */
  take(): unknown {
    return [this.#logStream, ...this.#streams].map((stream) => ({
      control: stream.control.splice(0),
      progress: stream.progress.splice(0),
      watchers: [...stream.watchers].map(([id, watcher]) =>
        watcher === "compacted" ? [id, watcher] : [id, watcher.events.splice(0)],
      ),
    }));
  }

  #watchers(): RecordedWatcher[] {
    return [this.#logStream, ...this.#streams].flatMap((stream) =>
      [...stream.watchers.values()].filter((watcher) => watcher !== "compacted"),
    );
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
