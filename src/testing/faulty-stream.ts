/**
 * A stream on which messages and answers go wrong. What the client sends is looked at message by
 * message; what comes back is passed on at most once, and in order.
 */
import type { KeyRange } from "../client/index.ts";
import { EtcdError, STATUS, messages } from "../wire/index.ts";
import type {
  CallContext,
  Channel,
  StreamInput,
  StreamMethod,
  StreamOutput,
} from "../wire/index.ts";
import { millisecondsOf } from "./duration.ts";
import { faultError } from "./fault-rules.ts";
import type { FiredFault } from "./fault-rules.ts";
import type { CompactedAt, FaultState } from "./fault-state.ts";
import { WatchesOnStream } from "./watches-on-stream.ts";
import { requiresLeader } from "./without-leader.ts";

/** Messages of one stream that wait behind a delayed one; with one more the stream ends. */
const STREAM_MESSAGES_HELD_MAX = 1000;

/** How a client of gRPC sees that a connection is gone. */
const BROKEN_TEXT = "error reading from server: EOF";

export interface FaultyStreamParts {
  readonly inner: Channel;
  readonly state: FaultState;
  readonly method: StreamMethod;
  readonly context: CallContext;
  readonly output: StreamOutput;
}

/** Something that happens after so many answers more. */
interface Trigger {
  answersLeft: number;
  readonly run: () => void;
}

export class FaultyStream implements StreamInput {
  readonly #parts: FaultyStreamParts;
  readonly #inner: StreamInput;
  readonly #watches: WatchesOnStream | undefined;
  readonly #triggers = new Set<Trigger>();
  /** What the client did behind a message that is held. */
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;
  /** The next answer is lost, and the stream with it. */
  #losesAnswer = false;
  #isOver = false;

  constructor(parts: FaultyStreamParts) {
    this.#parts = parts;
    const { inner, state, method, context } = parts;
    if (method === "watch") this.#watches = new WatchesOnStream();
    // Watches are looked into, so that their answers are wanted whole.
    this.#inner = inner.stream(method, context, {
      write: (message) => this.#answered(message),
      end: (error) => this.#finish(error),
    });
    state.streams.add(this);
    // Not before the caller has its input.
    if (state.isLeaderLost) queueMicrotask(() => this.leaderLost());
  }

  write(message: Uint8Array): void {
    this.#inOrder(() => this.#pass(message));
  }

  end(): void {
    this.#inOrder(() => this.#inner.end());
  }

  cancel(): void {
    this.#leave();
    this.#inner.cancel();
  }

  drained(): void {
    this.#inner.drained();
  }

  /** Ends the stream of a client that will have a leader. */
  leaderLost(): void {
    const { context, state } = this.#parts;
    if (state.isLeaderLost && requiresLeader(context)) this.#break(new EtcdError("noLeader"));
  }

  /** Cancels the watches with a key among these; answers how many. */
  compacted(at: CompactedAt, keys: KeyRange | undefined): number {
    const ids = this.#isOver ? [] : (this.#watches?.cancel(keys) ?? []);
    const { compactRevision, ...header } = at;
    for (const watchId of ids) {
      // What etcd says to one that has not read so far: without a revision.
      const response = { header, watchId, canceled: true, compactRevision };
      this.#deliver(messages.encodeWatchResponse(response));
      this.#inner.write(messages.encodeWatchRequest({ cancelRequest: { watchId } }));
    }
    return ids.length;
  }

  #inOrder(step: () => void): void {
    if (this.#isOver) return;
    if (!this.#isHeld) step();
    else if (this.#waiting.length < STREAM_MESSAGES_HELD_MAX) this.#waiting.push(step);
    else this.#break(new EtcdError("tooManyRequests"));
  }

  #pass(message: Uint8Array): void {
    const { state, method, context } = this.#parts;
    const fired = state.fired(method, message, context);
    const needsLeader = method === "leaseKeepAlive" && state.isLeaderLost;
    if (fired.length === 0 && !needsLeader) return this.#send(message);
    const error = fired.find(({ action }) => action.kind === "error")?.action;
    if (error?.kind === "error") return this.#break(faultError(error.error));
    const hold = async (): Promise<void> => {
      for (const { action } of fired) {
        if (action.kind !== "delay") continue;
        await state.held.hold({ delayMs: millisecondsOf(action.for) });
      }
      if (needsLeader) await state.waitForLeader("noLeader", undefined);
    };
    const pass = (): void => {
      if (this.#isOver) return;
      for (const fault of fired) this.#arm(fault);
      this.#count(0);
      if (!this.#isOver) this.#send(message);
    };
    const isDelayed = needsLeader || fired.some(({ action }) => action.kind === "delay");
    if (isDelayed) this.#hold(hold(), pass);
    else pass();
    return undefined;
  }

  #hold(held: Promise<void>, pass: () => void): void {
    this.#isHeld = true;
    const goOn = (): void => {
      this.#isHeld = false;
      pass();
      while (!this.#isHeld && !this.#isOver) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        next();
      }
    };
    // It is refused with EtcdError only.
    held.then(goOn, (error: EtcdError) => this.#break(error));
  }

  #send(message: Uint8Array): void {
    this.#watches?.requested(message);
    this.#inner.write(message);
  }

  /** Notes what is to happen after some answers. */
  #arm({ action, keys }: FiredFault): void {
    switch (action.kind) {
      case "breakStream":
        this.#after(action.afterMessages ?? 0, () => this.#break(broken()));
        break;
      case "loseAnswer":
        this.#losesAnswer = true;
        break;
      case "compact":
        this.#after(action.afterMessages ?? 1, () => {
          // The store refuses only when the server has stopped, and the stream with it.
          this.#parts.state.compactWatches(keys, [this]).catch(() => undefined);
        });
        break;
      case "delay":
      case "error":
        break;
    }
  }

  #after(answersLeft: number, run: () => void): void {
    this.#triggers.add({ answersLeft, run });
  }

  #answered(message: Uint8Array): boolean {
    if (this.#isOver || this.#watches?.answered(message) === false) return true;
    if (!this.#losesAnswer) return this.#deliver(message);
    this.#break(new EtcdError("timeout"));
    return true;
  }

  #deliver(message: Uint8Array): boolean {
    const hasRoom = this.#parts.output.write(message);
    this.#count(1);
    return hasRoom;
  }

  #count(answers: number): void {
    for (const trigger of this.#triggers) {
      trigger.answersLeft -= answers;
      if (trigger.answersLeft > 0) continue;
      this.#triggers.delete(trigger);
      trigger.run();
    }
  }

  /** Ends it both ways, by a fault. */
  #break(error: EtcdError): void {
    if (this.#isOver) return;
    this.#leave();
    this.#inner.cancel();
    this.#parts.output.end(error);
  }

  #finish(error: EtcdError | undefined): void {
    if (this.#isOver) return;
    this.#leave();
    this.#parts.output.end(error);
  }

  #leave(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#triggers.clear();
    this.#parts.state.streams.delete(this);
  }
}

function broken(): EtcdError {
  return new EtcdError(STATUS.unavailable, BROKEN_TEXT);
}
