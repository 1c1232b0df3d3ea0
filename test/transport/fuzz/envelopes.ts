/** Bodies of calls at random, and what a server has to make of them. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { Random } from "../../harness/random-operations.ts";
import { prefixed } from "../http2/raw-client.ts";

/** Largest message of the server under test, bytes. */
export const REQUEST_BYTES_MAX = 1000;
const MESSAGE_BYTES_MAX = REQUEST_BYTES_MAX + 524_288;

export type CallKind = "unary" | "single" | "stream";

/** What a call ends with, and the messages before it. */
export interface Expected {
  readonly messages: readonly string[];
  readonly code: number;
  /** How the text begins. */
  readonly text: string;
}

/** Some messages one behind the other, right or wrong, the last maybe cut. */
export function randomBody(random: Random): Buffer {
  const count = random.pick([0, 1, 1, 1, 2, 3, 10]);
  const body = Buffer.concat(Array.from({ length: count }, () => randomEnvelope(random)));
  return random.percent(15) ? body.subarray(0, random.below(body.length + 1)) : body;
}

const BOMB = prefixed(gzipSync(Buffer.alloc(MESSAGE_BYTES_MAX + 1)), 1);

function randomEnvelope(random: Random): Buffer {
  const message = Buffer.alloc(
    random.pick([0, 1, 5, 100, 20_000, 100_000]),
    0x61 + random.below(26),
  );
  switch (random.weighted(WEIGHTS)) {
    case "plain":
      return prefixed(message);
    case "packed":
      return prefixed(gzipSync(message), 1);
    case "flag":
      return prefixed(message, 1 + random.below(255));
    case "large": {
      const bytes = prefixed(message);
      bytes.writeUInt32BE(random.pick([MESSAGE_BYTES_MAX + 1, 2 ** 31, 2 ** 32 - 1]), 1);
      return bytes;
    }
    case "damaged": {
      const packed = gzipSync(message);
      packed[random.below(packed.length)]! ^= 1 << random.below(8);
      return prefixed(packed, 1);
    }
    case "bomb":
      return BOMB;
  }
}

const WEIGHTS = { plain: 70, packed: 20, flag: 3, large: 3, damaged: 5, bomb: 2 } as const;

/** A message, or what ends the call. */
type Step = { readonly message: string } | { readonly code: number; readonly text: string };

/** Reads a body as gRPC-Go does. */
function* stepsOf(body: Buffer, isGzip: boolean): Generator<Step, "whole" | "prefix" | "message"> {
  let at = 0;
  while (at + 5 <= body.length) {
    const flag = body[at] ?? 0;
    const length = body.readUInt32BE(at + 1);
    const end = at + 5 + length;
    if (length > MESSAGE_BYTES_MAX) {
      const text = `grpc: received message larger than max (${length} vs. ${MESSAGE_BYTES_MAX})`;
      yield { code: 8, text };
    } else if (flag > 1) {
      yield { code: 13, text: `grpc: received unexpected payload format ${flag}` };
    } else if (end > body.length) {
      return "message";
    } else {
      const message = body.subarray(at + 5, end);
      yield flag === 0 ? { message: message.toString("latin1") } : unpack(message, isGzip);
    }
    at = end;
  }
  return at < body.length ? "prefix" : "whole";
}

function unpack(message: Buffer, isGzip: boolean): Step {
  if (!isGzip) {
    return { code: 13, text: "grpc: compressed flag set with identity or empty encoding" };
  }
  try {
    const unpacked = gunzipSync(message);
    if (unpacked.length <= MESSAGE_BYTES_MAX) return { message: unpacked.toString("latin1") };
    return { code: 8, text: "grpc: received message after decompression larger than max" };
  } catch {
    return { code: 13, text: "grpc: failed to " };
  }
}

/** What becomes of a call whose answers are its requests. */
export function expectedOf(kind: CallKind, body: Buffer, isGzip: boolean): Expected {
  const steps = stepsOf(body, isGzip);
  const messages: string[] = [];
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return endOf(kind, messages, value);
    if ("code" in value) {
      return { messages: kind === "single" ? [] : messages, ...value };
    }
    if (kind === "single" && messages.length > 0) {
      return { messages: [], code: 13, text: "cardinality violation: received multiple" };
    }
    messages.push(value.message);
    if (kind === "unary") return { messages, code: 0, text: "" };
  }
}

function endOf(
  kind: CallKind,
  messages: readonly string[],
  rest: "whole" | "prefix" | "message",
): Expected {
  if (kind === "unary") {
    return { messages, code: 2, text: rest === "message" ? "unexpected EOF" : "EOF" };
  }
  if (rest === "message") {
    return { messages: kind === "single" ? [] : messages, code: 13, text: "unexpected EOF" };
  }
  if (kind === "stream" || messages.length > 0) return { messages, code: 0, text: "" };
  return { messages, code: 13, text: "cardinality violation: received no request" };
}
