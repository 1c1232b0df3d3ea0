/** What is done to a server, and how much of it at a time. */
import { UNARY_METHODS, messages } from "../../src/wire/index.ts";
import type { GrpcLoadClient } from "./grpc-load-client.ts";

/** One load: prepares the store, then makes requests of one method. */
export interface UnaryLoad {
  readonly kind: "unary";
  readonly name: string;
  readonly path: string;
  /** Requests that must be answered before the load begins. */
  setUp(): Iterable<{ path: string; message: Uint8Array }>;
  /** The nth request. */
  request(index: number): Uint8Array;
}

const KEY_SPACE = 10_000;
const { encodePutRequest, encodeRangeRequest, encodeTxnRequest } = messages;

function keyOf(prefix: string, index: number): Buffer {
  return Buffer.from(`${prefix}/${String(index % KEY_SPACE).padStart(8, "0")}`);
}

const VALUE_256 = Buffer.alloc(256, "v");
const VALUE_1K = Buffer.alloc(1024, "v");
const VALUE_2K = Buffer.alloc(2048, "v");

function* puts(
  prefix: string,
  count: number,
  value: Buffer,
): Iterable<{
  path: string;
  message: Uint8Array;
}> {
  for (let index = 0; index < count; index++) {
    const message = encodePutRequest({ key: keyOf(prefix, index), value });
    yield { path: UNARY_METHODS.put, message };
  }
}

/** `multiplier` spreads writes over the key space without repeating soon. */
const STEP = 7919;

export const UNARY_LOADS: readonly UnaryLoad[] = [
  {
    kind: "unary",
    name: "put 256 B",
    path: UNARY_METHODS.put,
    setUp: () => [],
    request: (index) => encodePutRequest({ key: keyOf("/put", index * STEP), value: VALUE_256 }),
  },
  {
    kind: "unary",
    name: "range one key",
    path: UNARY_METHODS.range,
    setUp: () => puts("/one", KEY_SPACE, VALUE_256),
    request: (index) => encodeRangeRequest({ key: keyOf("/one", index * STEP) }),
  },
  {
    kind: "unary",
    name: "range 500 x 1 KiB",
    path: UNARY_METHODS.range,
    setUp: () => puts("/list", 500, VALUE_1K),
    request: () =>
      encodeRangeRequest({ key: Buffer.from("/list/"), rangeEnd: Buffer.from("/list0") }),
  },
  {
    kind: "unary",
    name: "txn compare and put 2 KiB",
    path: UNARY_METHODS.txn,
    setUp: () => [],
    request: (index) => {
      const key = keyOf("/txn", index * STEP);
      return encodeTxnRequest({
        // Holds whatever the key's state is: every transaction writes.
        compare: [{ key, target: messages.CompareTarget.mod, result: 1, modRevision: -1 }],
        success: [{ requestPut: { key, value: VALUE_2K } }],
        failure: [{ requestRange: { key } }],
      });
    },
  },
];

export interface UnaryResult {
  readonly operations: number;
  readonly failures: number;
  readonly seconds: number;
  /** Milliseconds, ascending. */
  readonly latencies: Float64Array;
}

/** Keeps `inFlight` requests going over the clients for `seconds`. */
export async function runUnary(
  clients: readonly GrpcLoadClient[],
  load: UnaryLoad,
  options: { inFlight: number; seconds: number },
): Promise<UnaryResult> {
  const latencies: number[] = [];
  let failures = 0;
  let index = 0;
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1000;
  await new Promise<void>((resolve, reject) => {
    let open = 0;
    const start = (client: GrpcLoadClient): void => {
      const beganMs = performance.now();
      if (beganMs >= endMs) {
        if (open === 0) resolve();
        return;
      }
      open++;
      client.call(load.path, load.request(index++), {
        data: () => undefined,
        end: (ok) => {
          open--;
          if (ok) latencies.push(performance.now() - beganMs);
          else failures++;
          start(client);
        },
      });
    };
    for (const client of clients) client.onFailure(reject);
    for (let slot = 0; slot < options.inFlight; slot++) start(clients[slot % clients.length]!);
  });
  const seconds = (performance.now() - startMs) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  return { operations: latencies.length, failures, seconds, latencies: sorted };
}

/** Sends requests, some at a time, and waits for all answers. Throws Error for a refused one. */
export async function runAll(
  client: GrpcLoadClient,
  requests: Iterable<{ path: string; message: Uint8Array }>,
): Promise<void> {
  const iterator = requests[Symbol.iterator]();
  await new Promise<void>((resolve, reject) => {
    let open = 0;
    let done = false;
    const next = (): void => {
      const step = done ? undefined : iterator.next();
      if (step === undefined || step.done === true) {
        done = true;
        if (open === 0) resolve();
        return;
      }
      open++;
      client.call(step.value.path, step.value.message, {
        data: () => undefined,
        end: (ok) => {
          open--;
          if (!ok) reject(new Error(`refused: ${step.value.path}`));
          next();
        },
      });
    };
    client.onFailure(reject);
    for (let slot = 0; slot < 64; slot++) next();
  });
}
