/**
 * What the server measures while it works, for /metrics to read at each scrape. Source of the bounds:
 * etcd server/etcdserver/{metrics.go,txn/metrics.go}, storage/{backend,wal,mvcc}/metrics.go.
 */
import { Histogram, exponentialBounds } from "../mvcc/index.ts";
import type { Clock } from "../wire/index.ts";

/** Seconds: 1 ms to 8 s. */
const DISK_BOUNDS = exponentialBounds(0.001, 2, 14);
/** Seconds: 0.1 ms to 52 s. */
const APPLY_BOUNDS = exponentialBounds(0.0001, 2, 20);
/** Of single keys read, one in so many is timed, and the others are taken to last as long. */
const SAMPLE_INTERVAL = 16;

/** How long things of one kind took, by whether they went well. */
export interface OutcomeTimes {
  readonly succeeded: Histogram;
  readonly failed: Histogram;
}

/** Durations by kind; a kind is there from its first observation on. */
export class KindTimes {
  readonly byKind: Map<string, OutcomeTimes> = new Map();
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  of(kind: string): OutcomeTimes {
    let times = this.byKind.get(kind);
    if (times === undefined) {
      times = { succeeded: new Histogram(this.#bounds), failed: new Histogram(this.#bounds) };
      this.byKind.set(kind, times);
    }
    return times;
  }
}

/** Health checks of one name. */
export interface CheckCounts {
  readonly type: string;
  readonly name: string;
  isGood: boolean;
  succeeded: number;
  failed: number;
}

export class Figures {
  readonly #clock: Clock;
  /** One write of LevelDB with its sync. */
  readonly walFsync: Histogram = new Histogram(DISK_BOUNDS);
  /** From a group's last command applied until it is visible. */
  readonly backendCommit: Histogram = new Histogram(DISK_BOUNDS);
  /** By kind of command, in etcd's words. */
  readonly applies: KindTimes = new KindTimes(APPLY_BOUNDS);
  readonly #requests = new KindTimes(DISK_BOUNDS);
  readonly #ranges = new KindTimes(APPLY_BOUNDS).of("");
  readonly defragment: Histogram = new Histogram(exponentialBounds(0.1, 2, 13));
  readonly snapshot: Histogram = new Histogram(exponentialBounds(0.01, 2, 17));
  readonly hash: Histogram = new Histogram(exponentialBounds(0.01, 2, 15));
  readonly hashRevision: Histogram = new Histogram(exponentialBounds(0.01, 2, 15));
  /** Milliseconds. */
  readonly compactionPause: Histogram = new Histogram(exponentialBounds(1, 2, 13));
  readonly compaction: Histogram = new Histogram(exponentialBounds(100, 2, 14));
  /** On the clock; undefined before the first one. */
  lastCompactionMs: number | undefined = undefined;
  defragmentsUnderWay = 0;
  /** Commands that were accepted and whose write failed. */
  failedProposals = 0;
  expiredLeases = 0;
  healthSuccesses = 0;
  healthFailures = 0;
  readonly checks: Map<string, CheckCounts> = new Map();
  #gets = 0;
  /** What the last one took that was timed. */
  #getSeconds = 0;
  /** Those since then that went well, still to be observed. */
  #untimedGets = 0;
  #isGet = false;
  #rangeRequests: OutcomeTimes | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** By kind of request, in etcd's words. */
  get requests(): KindTimes {
    this.#observeUntimed();
    return this.#requests;
  }

  get ranges(): OutcomeTimes {
    this.#observeUntimed();
    return this.#ranges;
  }

  /** Begins the time of a range: negative when it is not to be measured. */
  rangeStartMs(isSingle: boolean): number {
    if (isSingle && this.#gets++ % SAMPLE_INTERVAL !== 0) return -1;
    this.#isGet = isSingle;
    return this.#clock.nowMs();
  }

  /** A range is over that began, with nothing in between, at what {@link rangeStartMs} said. */
  rangeDone(startMs: number, succeeded: boolean): void {
    if (startMs < 0) {
      if (succeeded) this.#untimedGets++;
      else this.#observeRange(this.#getSeconds, false);
      return;
    }
    const seconds = (this.#clock.nowMs() - startMs) / 1000;
    if (this.#isGet) {
      this.#observeUntimed();
      this.#getSeconds = seconds;
    }
    this.#observeRange(seconds, succeeded);
  }

  #observeRange(seconds: number, succeeded: boolean, times = 1): void {
    const { failed, succeeded: done } = this.#ranges;
    const requests = (this.#rangeRequests ??= this.#requests.of("Range"));
    (succeeded ? done : failed).observe(seconds, times);
    (succeeded ? requests.succeeded : requests.failed).observe(seconds, times);
  }

  #observeUntimed(): void {
    if (this.#untimedGets > 0) this.#observeRange(this.#getSeconds, true, this.#untimedGets);
    this.#untimedGets = 0;
  }

  /** As {@link rangeDone}, for an answer that takes more than one turn: that is always measured. */
  async rangeAnswer(startMs: number, answer: Promise<Uint8Array>): Promise<Uint8Array> {
    const measuredMs = startMs >= 0 ? startMs : this.#clock.nowMs();
    const done = (succeeded: boolean): void =>
      this.#observeRange((this.#clock.nowMs() - measuredMs) / 1000, succeeded);
    try {
      const response = await answer;
      done(true);
      return response;
    } catch (error) {
      done(false);
      throw error;
    }
  }

  /** Makes an answer and observes how long that takes, whether it is there at once or not. */
  answer(
    times: OutcomeTimes,
    make: () => Uint8Array | Promise<Uint8Array>,
  ): Uint8Array | Promise<Uint8Array> {
    const startMs = this.#clock.nowMs();
    const done = (outcome: Histogram): void => {
      outcome.observe((this.#clock.nowMs() - startMs) / 1000);
    };
    const failed = (error: unknown): never => {
      done(times.failed);
      throw error;
    };
    const succeeded = (response: Uint8Array): Uint8Array => {
      done(times.succeeded);
      return response;
    };
    let answer: Uint8Array | Promise<Uint8Array>;
    try {
      answer = make();
    } catch (error) {
      return failed(error);
    }
    return answer instanceof Promise ? answer.then(succeeded, failed) : succeeded(answer);
  }

  /** Observes how long a job takes, however it ends. */
  async timed<T>(histogram: Histogram, job: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.nowMs();
    try {
      return await job();
    } finally {
      histogram.observe((this.#clock.nowMs() - startMs) / 1000);
    }
  }

  /** A health check was made. */
  checked(type: string, name: string, isGood: boolean): void {
    const key = `${type}/${name}`;
    let counts = this.checks.get(key);
    if (counts === undefined) {
      counts = { type, name, isGood, succeeded: 0, failed: 0 };
      this.checks.set(key, counts);
    }
    counts.isGood = isGood;
    if (isGood) counts.succeeded++;
    else counts.failed++;
  }
}
