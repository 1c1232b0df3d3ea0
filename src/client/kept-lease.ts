/**
 * A lease that is renewed until it is closed or lost.
 *
 * One timer, never two: while a renewal is under way it waits for the end of the lease's time, else for
 * the moment of the next renewal. The time counts from when a renewal was asked for, so that this side
 * takes the lease for lost before the server does. Source: etcd client/v3/lease.go, recvKeepAliveLoop,
 * sendKeepAliveLoop, deadlineLoop.
 */
import { EtcdError, STATUS } from "../wire/index.ts";
import type { Clock } from "../wire/index.ts";
import type { LeaseKeeper } from "./lease.ts";

/** After a renewal that failed. Source: etcd client/v3/lease.go, retryConnWait. */
const RETRY_MS = 500;

/** Renewals in the time that a lease has. Source: etcd client/v3/lease.go, recvKeepAlive. */
const RENEWALS_PER_TTL = 3;

/** What a {@link KeptLease} is made of. */
export interface KeptLeaseParts {
  readonly id: bigint;
  readonly clock: Clock;
  /** Opens a stream for renewals. */
  readonly open: () => LeaseKeeper;
  /** Called once when it is disposed of, and not lost. */
  readonly onDispose: () => Promise<unknown>;
}

/** Keeps its process alive until it is closed or lost. */
export class KeptLease implements AsyncDisposable {
  readonly id: bigint;
  readonly #clock: Clock;
  readonly #open: () => LeaseKeeper;
  readonly #onDispose: () => Promise<unknown>;
  readonly #loss = new AbortController();
  #keeper: LeaseKeeper | undefined = undefined;
  #ttl = 0;
  #endMs = 0;
  #isClosed = false;
  #isDisposed = false;
  #stopTimer = (): void => undefined;

  /** Renews the lease, and goes on. Rejects with EtcdError where that is not possible. */
  static async begin(parts: KeptLeaseParts): Promise<KeptLease> {
    const kept = new KeptLease(parts);
    try {
      await kept.#renew();
      return kept;
    } catch (error) {
      kept.close();
      throw error;
    }
  }

  private constructor(parts: KeptLeaseParts) {
    this.id = parts.id;
    this.#clock = parts.clock;
    this.#open = parts.open;
    this.#onDispose = parts.onDispose;
  }

  /** Seconds that it had after the last renewal. */
  get ttl(): number {
    return this.#ttl;
  }

  /**
   * Aborted when the lease is lost, with an EtcdError as its reason: the server has it no more, or
   * could not be asked for as long as it lives. Never aborted by closing.
   */
  get signal(): AbortSignal {
    return this.#loss.signal;
  }

  /** Renews no more; the lease lives on for its time. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#keeper?.close();
    this.#keeper = undefined;
  }

  /** Closes; a lease that was made to be kept is revoked too, as far as the server can be asked. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    if (this.#isDisposed || this.signal.aborted) return;
    this.#isDisposed = true;
    // Where the server cannot be asked the lease ends with its time.
    await this.#onDispose().catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const askedMs = this.#clock.nowMs();
    const keeper = (this.#keeper ??= this.#open());
    const { ttl } = await keeper.renew(this.id);
    if (this.#isClosed) return;
    if (ttl <= 0) throw new EtcdError("leaseNotFound");
    this.#ttl = ttl;
    const ttlMs = ttl * 1000;
    this.#endMs = askedMs + ttlMs;
    this.#wake(ttlMs / RENEWALS_PER_TTL, () => this.#renewOrRetry());
  }

  #renewOrRetry(): void {
    const overdue = new EtcdError(
      STATUS.deadlineExceeded,
      `Cannot keep lease ${this.id.toString(16)} alive: no answer while it lived`,
    );
    this.#wake(this.#endMs - this.#clock.nowMs(), () => this.#lose(overdue));
    this.#renew().catch((error: unknown) => this.#afterFailure(error));
  }

  #afterFailure(error: unknown): void {
    if (this.#isClosed) return;
    const leftMs = this.#endMs - this.#clock.nowMs();
    if (leftMs <= 0 || (error instanceof EtcdError && error.reason === "leaseNotFound")) {
      this.#lose(error);
      return;
    }
    this.#keeper?.close();
    this.#keeper = undefined;
    if (leftMs <= RETRY_MS) this.#wake(leftMs, () => this.#lose(error));
    else this.#wake(RETRY_MS, () => this.#renewOrRetry());
  }

  #lose(reason: unknown): void {
    this.close();
    this.#loss.abort(reason);
  }

  #wake(delayMs: number, callback: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(delayMs, callback);
  }
}
