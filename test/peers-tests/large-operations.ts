/** Steps of the differential test in which sizes matter. */
import { bytes } from "../harness/random-operations.ts";
import { unary } from "./differential-operation.ts";
import type { Operation } from "./differential-operation.ts";

/** Largest write, bytes. Source: etcd embed/config.go, DefaultMaxRequestBytes. */
const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;

/** Largest message that a server takes, and from which on events are cut: half a MiB more. */
const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;

const ALL_LARGE = { key: bytes("large/"), rangeEnd: bytes("large0") };

/** Streams of other fragmentation each. */
const WATCHES = [
  { fragment: true, startRevision: 2 },
  { fragment: false, startRevision: 2, prevKv: true },
  { fragment: true, startRevision: 0, prevKv: true },
] as const;

export function largeOperations(): Operation[] {
  const write = (key: string, length: number): Operation =>
    unary("put", { key: bytes(key), value: Buffer.alloc(length, key) });
  const puts = [0, 1, 2].map((number) => ({
    requestPut: { key: bytes(`large/${number}`), value: Buffer.alloc(480_000, `${number}`) },
  }));
  return [
    ...[700_000, 1, 900_000, 600_000, 1_400_000].map((length, index) =>
      write(`large/${index}`, length),
    ),
    ...WATCHES.map((request, stream): Operation => ({
      kind: "watchCreate",
      stream,
      request: { ...ALL_LARGE, ...request },
    })),
    // All of them are past history then: what comes next comes live.
    { kind: "sync", request: {} },
    unary("txn", { success: puts }),
    // With what was there before, the events of this one are too large for one message.
    unary("txn", { success: puts }),
    { kind: "sync", request: {} },
    ...sizes(REQUEST_BYTES_MAX).map((length) => write("bound", length)),
    ...sizes(MESSAGE_BYTES_MAX).map((length) => write("bound", length)),
    unary("txn", {
      success: [puts[0] ?? {}, { requestPut: { key: bytes("k".repeat(1_500_000)) } }],
    }),
    ...small(),
    { kind: "rangeStream", request: { key: bytes("\0"), rangeEnd: bytes("\0") } },
    { kind: "rangeStream", request: { key: bytes("\0"), rangeEnd: bytes("\0"), limit: 40 } },
    { kind: "rangeStream", request: { ...ALL_LARGE, keysOnly: true } },
    unary("range", ALL_LARGE),
    unary("deleteRange", { ...ALL_LARGE, prevKv: true }),
    { kind: "sync", request: {} },
    unary("hashKV", {}),
  ];
}

/** Well below a limit, and beyond it. What lies between depends on how a server wraps a request. */
function sizes(limit: number): number[] {
  return [limit - 200, limit + 200];
}

/** Keys before and after the large ones, so that parts of a streamed answer grow and shrink. */
function small(): Operation[] {
  return ["a", "z"].flatMap((prefix) =>
    Array.from({ length: 45 }, (_, index) =>
      unary("put", { key: bytes(`${prefix}${index}`), value: bytes("small") }),
    ),
  );
}
