/** What many tests of the suite need: bounded waiting, refusals, and readable answers. */
import type { Test } from "tap";
import type { Client } from "../../src/client/index.ts";
import { EtcdError, STATUS } from "../../src/wire/index.ts";
import type { messages, StatusCode } from "../../src/wire/index.ts";

/** Longer than anything here takes on a busy machine, shorter than the runner's patience. */
const waitLimitMs = 15_000;

/** Between two looks at something that no event tells of. */
const pollIntervalMs = 20;

/** Refusals by etcd's exact code and text. Source: etcd api/v3rpc/rpctypes/error.go. */
export const REFUSALS = {
  emptyKey: [STATUS.invalidArgument, "etcdserver: key is not provided"],
  keyNotFound: [STATUS.invalidArgument, "etcdserver: key not found"],
  valueProvided: [STATUS.invalidArgument, "etcdserver: value is provided"],
  leaseProvided: [STATUS.invalidArgument, "etcdserver: lease is provided"],
  tooManyOps: [STATUS.invalidArgument, "etcdserver: too many operations in txn request"],
  duplicateKey: [STATUS.invalidArgument, "etcdserver: duplicate key given in txn request"],
  sortOption: [STATUS.invalidArgument, "etcdserver: invalid sort option"],
  compacted: [STATUS.outOfRange, "etcdserver: mvcc: required revision has been compacted"],
  future: [STATUS.outOfRange, "etcdserver: mvcc: required revision is a future revision"],
  noSpace: [STATUS.resourceExhausted, "etcdserver: mvcc: database space exceeded"],
  corrupt: [STATUS.dataLoss, "etcdserver: corrupt cluster"],
  leaseNotFound: [STATUS.notFound, "etcdserver: requested lease not found"],
  leaseExists: [STATUS.failedPrecondition, "etcdserver: lease already exists"],
  leaseTtlTooLarge: [STATUS.outOfRange, "etcdserver: too large lease TTL"],
  requestTooLarge: [STATUS.invalidArgument, "etcdserver: request is too large"],
  unmarshal: [
    STATUS.internal,
    "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data",
  ],
  unmarshalStream: [
    STATUS.internal,
    "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data",
  ],
  invalidUtf8: [
    STATUS.internal,
    "grpc: error unmarshalling request: string field contains invalid UTF-8",
  ],
  tooDeep: [
    STATUS.internal,
    "grpc: error unmarshalling request: proto: exceeded maximum recursion depth",
  ],
} as const satisfies Record<string, readonly [StatusCode, string]>;

/** Shows that a call is refused with exactly this code and text. */
export async function refuses(
  t: Test,
  call: Promise<unknown> | (() => Promise<unknown>),
  [code, text]: readonly [StatusCode, string],
  what: string = text,
): Promise<void> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    if (!(error instanceof EtcdError)) {
      throw error;
    }
    t.strictSame([error.code, plainSpaces(error.message)], [code, text], what);
    return;
  }
  t.fail(`not refused: ${what}`);
}

/**
 * protobuf-go writes one kind of space or another into its texts, by the build, so that nobody
 * compares them. Source: google.golang.org/protobuf internal/errors/errors.go.
 */
export function plainSpaces(message: string): string {
  return message.replaceAll("\u00a0", " ");
}

/** Waits for something that must come, and says what it was when it does not. */
export async function within<Result>(what: string, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${waitLimitMs} ms in vain for ${what}`));
    }, waitLimitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks until the probe gives something other than undefined, and returns that. */
export async function until<Result>(
  what: string,
  probe: () => Promise<Result | undefined>,
): Promise<Result> {
  const lastMs = Date.now() + waitLimitMs;
  for (;;) {
    const result = await probe();
    if (result !== undefined) {
      return result;
    }
    if (Date.now() > lastMs) {
      throw new Error(`Waited ${waitLimitMs} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollIntervalMs));
  }
}

/** The store's revision now. */
export async function currentRevision(client: Client): Promise<number> {
  return revisionOf(await client.kv.get("suite/none", { countOnly: true }));
}

/** The revision in an answer's header. Throws when there is no header. */
export function revisionOf(answer: {
  readonly header: messages.ResponseHeader | undefined;
}): number {
  if (answer.header === undefined) {
    throw new TypeError("Cannot read the revision of an answer: it has no header");
  }
  return answer.header.revision;
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

export function bytes(value: string): Uint8Array {
  return Buffer.from(value);
}

/** Rows as `key=value`, without the prefix of the test. */
export function rows(
  kvs: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  prefix: string = "",
): string[] {
  return kvs.map(({ key, value }) => `${text(key).slice(prefix.length)}=${text(value)}`);
}

/** Keys as text, without the prefix of the test. */
export function keys(kvs: readonly { readonly key: Uint8Array }[], prefix: string = ""): string[] {
  return kvs.map(({ key }) => text(key).slice(prefix.length));
}

/** What there is to say of a key beside its value. */
export function marks(kv: messages.KeyValue | undefined): Record<string, unknown> | undefined {
  if (kv === undefined) {
    return undefined;
  }
  const { createRevision, modRevision, version, lease } = kv;
  return { createRevision, modRevision, version, lease };
}
