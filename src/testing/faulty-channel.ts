/** A Channel on which calls go wrong as {@link Faults} say. */
import { EtcdError } from "../wire/index.ts";
import type {
  CallContext,
  Channel,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../wire/index.ts";
import { millisecondsOf } from "./duration.ts";
import { faultError } from "./fault-rules.ts";
import type { FiredFault } from "./fault-rules.ts";
import type { FaultState } from "./fault-state.ts";
import { FaultyStream } from "./faulty-stream.ts";
import { isLocal, requiresLeader, statusWithoutLeader } from "./without-leader.ts";

export class FaultyChannel implements Channel {
  readonly #inner: Channel;
  readonly #state: FaultState;

  constructor(inner: Channel, state: FaultState) {
    this.#inner = inner;
    this.#state = state;
  }

  unary(
    method: UnaryMethod,
    request: Uint8Array,
    context: CallContext,
  ): Uint8Array | PromiseLike<Uint8Array> {
    const state = this.#state;
    const fired = state.fired(method, request, context);
    if (fired.length === 0 && !state.isLeaderLost) {
      return this.#inner.unary(method, request, context);
    }
    return this.#faulty(method, request, context, fired);
  }

  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    return new FaultyStream({ inner: this.#inner, state: this.#state, method, context, output });
  }

  async #faulty(
    method: UnaryMethod,
    request: Uint8Array,
    context: CallContext,
    fired: readonly FiredFault[],
  ): Promise<Uint8Array> {
    const state = this.#state;
    for (const { action } of fired) {
      if (action.kind === "error") throw faultError(action.error);
      if (action.kind !== "delay") continue;
      const delayMs = millisecondsOf(action.for);
      await state.held.hold({ delayMs, signal: context.signal });
    }
    if (state.isLeaderLost && requiresLeader(context)) throw new EtcdError("noLeader");
    if (state.isLeaderLost && !isLocal(method, request)) {
      const error = method === "leaseTimeToLive" ? "noLeader" : "timeout";
      await state.waitForLeader(error, context.signal);
    }
    const answer = await this.#inner.unary(method, request, context);
    if (fired.some(({ action }) => action.kind === "loseAnswer")) throw new EtcdError("timeout");
    return method === "status" && state.isLeaderLost ? statusWithoutLeader(answer) : answer;
  }
}
