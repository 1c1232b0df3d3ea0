/** How much of what a client may do, but should not do much of, a connection puts up with. */
import {
  EMPTY_FRAMES_MAX,
  IDLE_PING_INTERVAL_MS_MIN,
  PING_INTERVAL_MS_MIN,
  PING_STRIKES_MAX,
  RAPID_RESETS_PER_SECOND,
  RAPID_RESET_AGE_MS,
  RAPID_RESET_BURST,
  SETTINGS_BURST,
  SETTINGS_PER_SECOND,
} from "./limits.ts";

/** So many at once, then so many a second. */
class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** False when nothing was left. */
  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#atMs) * this.#perSecond) / 1000;
    this.#left = Math.min(this.#burst, this.#left + earned) - 1;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}

export class Patience {
  readonly #resets: Allowance;
  readonly #settings: Allowance;
  #emptyFrames = 0;
  #pingAtMs = -Infinity;
  #pingStrikes = 0;
  readonly #pingIntervalMs: number;

  constructor(nowMs: number, pingIntervalMs: number = PING_INTERVAL_MS_MIN) {
    this.#resets = new Allowance(RAPID_RESET_BURST, RAPID_RESETS_PER_SECOND, nowMs);
    this.#settings = new Allowance(SETTINGS_BURST, SETTINGS_PER_SECOND, nowMs);
    this.#pingIntervalMs = pingIntervalMs;
  }

  /**
   * A stream was reset because of the client: by it, or for an error of its. False when there were
   * too many of them too soon after they were opened.
   */
  forReset(openedAtMs: number, nowMs: number): boolean {
    return nowMs - openedAtMs > RAPID_RESET_AGE_MS || this.#resets.take(nowMs);
  }

  /** SETTINGS came. False when they came too often. */
  forSettings(nowMs: number): boolean {
    return this.#settings.take(nowMs);
  }

  /** A frame came that carries nothing. False when there were too many. */
  forEmptyFrame(): boolean {
    return ++this.#emptyFrames <= EMPTY_FRAMES_MAX;
  }

  /** A frame came that carries something. */
  rewarded(): void {
    this.#emptyFrames = 0;
  }

  /**
   * A ping came. False when there were too many too soon, without an answer of ours between them.
   * Source: gRPC-Go, internal/transport/http2_server.go, handlePing.
   */
  forPing(nowMs: number, state: { hasStreams: boolean; hasSent: boolean }): boolean {
    const previousMs = this.#pingAtMs;
    this.#pingAtMs = nowMs;
    if (state.hasSent) {
      this.#pingStrikes = 0;
      return true;
    }
    const interval = state.hasStreams ? this.#pingIntervalMs : IDLE_PING_INTERVAL_MS_MIN;
    if (previousMs + interval > nowMs) this.#pingStrikes++;
    return this.#pingStrikes <= PING_STRIKES_MAX;
  }
}
