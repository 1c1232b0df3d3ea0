/** How much of what a client may do, but should not do much of, a connection puts up with. */
import {
  EMPTY_FRAMES_MAX,
  IDLE_PING_INTERVAL_MS_MIN,
  PING_INTERVAL_MS_MIN,
  PING_STRIKES_MAX,
  RAPID_RESETS_PER_SECOND,
  RAPID_RESET_AGE_MS,
  RAPID_RESET_BURST,
} from "./limits.ts";

export class Patience {
  #resets = RAPID_RESET_BURST;
  #resetsAtMs: number;
  #emptyFrames = 0;
  #pingAtMs = -Infinity;
  #pingStrikes = 0;
  readonly #pingIntervalMs: number;

  constructor(nowMs: number, pingIntervalMs: number = PING_INTERVAL_MS_MIN) {
    this.#resetsAtMs = nowMs;
    this.#pingIntervalMs = pingIntervalMs;
  }

  /**
   * A stream was reset because of the client: by it, or for an error of its. False when there were
   * too many of them too soon after they were opened.
   */
  forReset(openedAtMs: number, nowMs: number): boolean {
    if (nowMs - openedAtMs > RAPID_RESET_AGE_MS) return true;
    const earned = ((nowMs - this.#resetsAtMs) * RAPID_RESETS_PER_SECOND) / 1000;
    this.#resets = Math.min(RAPID_RESET_BURST, this.#resets + earned) - 1;
    this.#resetsAtMs = nowMs;
    return this.#resets >= 0;
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
