/** Which calls go wrong, and how: rules, as programs and JSON write them. */
import { keyRange } from "../client/index.ts";
import type { Bytes, KeyRange, KeyRangeOptions } from "../client/index.ts";
import { EtcdError, STATUS, STREAM_METHODS, UNARY_METHODS, isErrorReason } from "../wire/index.ts";
import type { CallContext, ErrorReason, Method, StatusCode } from "../wire/index.ts";
import { millisecondsOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { seededRandom } from "./random.ts";
import { haveCommonKey, requestKeys } from "./request-keys.ts";

/** What happens to a call that a rule is about. */
export type FaultAction =
  /** It comes later to the server: of a stream, this message and those behind it. */
  | { readonly kind: "delay"; readonly for: Duration }
  /** The server never sees it: one of etcd's errors by its name, or any. */
  | { readonly kind: "error"; readonly error: ErrorReason | FaultError }
  /** The server does it; the client hears that the request timed out. */
  | { readonly kind: "loseAnswer" }
  /** The stream ends as if its connection broke, after so many answers more. Default 0. */
  | { readonly kind: "breakStream"; readonly afterMessages?: number | undefined }
  /**
   * After so many answers more (default 1: that the watch is made) the store is compacted up to now,
   * and the watch is canceled as one that had not read so far yet.
   */
  | { readonly kind: "compact"; readonly afterMessages?: number | undefined };

/** A status of gRPC. */
export interface FaultError {
  readonly code: StatusCode;
  readonly message: string;
}

/** A rule; whatever is left out does not matter. */
export interface FaultRule extends KeyRangeOptions {
  /** Default: every method that the action suits. */
  readonly methods?: Method | readonly Method[] | undefined;
  /** Requests with keys, one of which is among these. */
  readonly key?: Bytes | undefined;
  /** Calls with this value of a metadata key, whose name is in lower case. */
  readonly client?: { readonly name: string; readonly value: string } | undefined;
  /** Of each call that it is about, from 0 to 1. Default 1. */
  readonly probability?: number | undefined;
  /** It is over when so many calls had it. Default: never. */
  readonly times?: number | undefined;
  readonly action: FaultAction;
}

/** What went wrong with one request. */
export interface FiredFault {
  readonly action: FaultAction;
  /** What the rule says of keys. */
  readonly keys: KeyRange | undefined;
}

/** Whether these calls are streams of watches, say, for a rule of that action. */
const METHODS_OF_ACTION: Readonly<Record<FaultAction["kind"], readonly Method[]>> = (() => {
  // Object.keys() widens them; the tables are their only source.
  const streams = Object.keys(STREAM_METHODS) as Method[];
  const all = [...(Object.keys(UNARY_METHODS) as Method[]), ...streams];
  return { delay: all, error: all, loseAnswer: all, breakStream: streams, compact: ["watch"] };
})();

/** A rule with its own chance: others that come and go do not change what it does. */
export class ArmedRule {
  readonly rule: FaultRule;
  readonly keys: KeyRange | undefined;
  readonly #methods: ReadonlySet<Method>;
  readonly #random: () => number;
  readonly #probability: number;
  readonly #times: number;
  #hits = 0;

  /** Throws TypeError for a rule that makes no sense. */
  constructor(rule: FaultRule, seed: number) {
    checkRule(rule);
    this.rule = rule;
    const { prefix, fromKey, rangeEnd } = rule;
    this.keys =
      rule.key === undefined ? undefined : keyRange(rule.key, { prefix, fromKey, rangeEnd });
    this.#methods = new Set(methodsOf(rule));
    this.#random = seededRandom(seed);
    this.#probability = rule.probability ?? 1;
    this.#times = rule.times ?? Number.POSITIVE_INFINITY;
  }

  /** Calls that went wrong by it. */
  get hits(): number {
    return this.#hits;
  }

  /** Whether this request is to go wrong. Each request that it is about is asked for once. */
  fires(method: Method, request: Uint8Array, context: CallContext): boolean {
    if (this.#hits >= this.#times || !this.#methods.has(method)) return false;
    const { client } = this.rule;
    if (client !== undefined && context.metadata(client.name) !== client.value) return false;
    const { keys } = this;
    if (keys !== undefined) {
      const isAbout = requestKeys(method, request).some((range) => haveCommonKey(range, keys));
      if (!isAbout) return false;
    }
    if (this.#random() >= this.#probability) return false;
    this.#hits++;
    return true;
  }
}

/** The error of a rule as a call ends with it. */
export function faultError(error: ErrorReason | FaultError): EtcdError {
  return typeof error === "string"
    ? new EtcdError(error)
    : new EtcdError(error.code, error.message);
}

function methodsOf({ methods, action }: FaultRule): readonly Method[] {
  const suited = METHODS_OF_ACTION[action.kind];
  if (methods === undefined) return suited;
  const named = typeof methods === "string" ? [methods] : methods;
  const wrong = named.find((method) => !suited.includes(method));
  if (wrong === undefined) return named;
  throw new TypeError(`Cannot add a fault: "${action.kind}" does not suit method "${wrong}"`);
}

/** A rule may come from JSON: then nothing of it is sure. */
function checkRule(rule: FaultRule): void {
  const { action, probability = 1, times = 1, client, key, prefix, fromKey, rangeEnd } = rule;
  if (!Object.hasOwn(METHODS_OF_ACTION, (action as FaultAction | undefined)?.kind ?? "")) {
    throw new TypeError(`Cannot add a fault: unknown action ${JSON.stringify(action)}`);
  }
  refuseUnless(probability >= 0 && probability <= 1, "probability", probability);
  refuseUnless(Number.isInteger(times) && times > 0, "times", times);
  refuseUnless(client === undefined || typeof client.name === "string", "client", client);
  const isWidened = prefix !== undefined || fromKey !== undefined || rangeEnd !== undefined;
  refuseUnless(key !== undefined || !isWidened, "key", key);
  refuseUnless(isBytes(key) && isBytes(rangeEnd), "key", key);
  if (action.kind === "delay") millisecondsOf(action.for);
  if (action.kind === "error") checkError(action.error);
  if (action.kind === "breakStream" || action.kind === "compact") {
    const { afterMessages = 0 } = action;
    refuseUnless(
      Number.isInteger(afterMessages) && afterMessages >= 0,
      "afterMessages",
      afterMessages,
    );
  }
}

function isBytes(value: unknown): boolean {
  return value === undefined || typeof value === "string" || value instanceof Uint8Array;
}

function checkError(error: unknown): void {
  if (isErrorReason(error)) return;
  const { code, message } = Object(error) as Partial<FaultError>;
  const isCode = code !== STATUS.ok && Object.values(STATUS).some((known) => known === code);
  refuseUnless(isCode && typeof message === "string", "error", error);
}

function refuseUnless(isRight: boolean, name: string, value: unknown): void {
  if (isRight) return;
  throw new TypeError(`Cannot add a fault: wrong "${name}": ${JSON.stringify(value)}`);
}
