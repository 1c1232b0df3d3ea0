/**
 * The hot answers, put together from KeyValues that are encoded already. Sizes are summed first;
 * then one allocation takes header, frames and numbers.
 *
 * Field numbers: etcd api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto.
 */
import { allocateAnswer } from "./answer-memory.ts";
import { frameLength, writeFrame } from "./frame.ts";
import type { KeyValueFrames } from "./key-value-frames.ts";
import { bigVarintLength, varintLength, writeBigVarint, writeVarint } from "./writer.ts";

/** A field's tag: its number, and that a length (2) or a varint (0) follows. */
const TAG = {
  header: 0x0a,
  previousKv: 0x12,
  previousKvs: 0x1a,
  rangeMore: 0x18,
  rangeCount: 0x20,
  deleted: 0x10,
  succeeded: 0x10,
  responses: 0x1a,
  headerCluster: 0x08,
  headerMember: 0x10,
  headerRevision: 0x18,
  headerTerm: 0x20,
} as const;

/** TxnResponse.responses. */
export const TXN_RESPONSES_TAG: number = TAG.responses;

/** Members of ResponseOp's oneof. */
export const RESPONSE_OP = { range: 0x0a, put: 0x12, deleteRange: 0x1a, txn: 0x22 } as const;

const EMPTY = Buffer.alloc(0);

/** Makes response headers of one member, as the first field of a response. */
export class HeaderFrames {
  readonly #prefix: Buffer;
  readonly #suffix: Buffer;
  #lastRevision = -1;
  #last: Buffer = EMPTY;

  constructor(ids: { clusterId: bigint; memberId: bigint; term: number }) {
    this.#prefix = Buffer.alloc(2 + bigVarintLength(ids.clusterId) + bigVarintLength(ids.memberId));
    this.#prefix[0] = TAG.headerCluster;
    const position = writeBigVarint(this.#prefix, 1, ids.clusterId);
    this.#prefix[position] = TAG.headerMember;
    writeBigVarint(this.#prefix, position + 1, ids.memberId);
    this.#suffix = Buffer.alloc(1 + varintLength(ids.term));
    this.#suffix[0] = TAG.headerTerm;
    writeVarint(this.#suffix, 1, ids.term);
  }

  /** The header frame at a revision; 0 leaves the revision out. Not to be changed. */
  at(revision: number): Buffer {
    if (revision === this.#lastRevision) return this.#last;
    const prefix = this.#prefix;
    const suffix = this.#suffix;
    const revisionBytes = revision === 0 ? 0 : 1 + varintLength(revision);
    const length = prefix.length + revisionBytes + suffix.length;
    const frame = Buffer.allocUnsafe(2 + length);
    frame[0] = TAG.header;
    // At most 2 + 2 x 10 + 1 + 10 + 1 + 10 bytes: one byte of length will do.
    frame[1] = length;
    prefix.copy(frame, 2);
    let position = 2 + prefix.length;
    if (revision !== 0) {
      frame[position++] = TAG.headerRevision;
      position = writeVarint(frame, position, revision);
    }
    suffix.copy(frame, position);
    this.#lastRevision = revision;
    this.#last = frame;
    return frame;
  }
}

/** The header of a response inside a transaction: only a revision. */
export function innerHeader(revision: number): Buffer {
  const length = 1 + varintLength(revision);
  const frame = Buffer.allocUnsafe(2 + length);
  frame[0] = TAG.header;
  frame[1] = length;
  frame[2] = TAG.headerRevision;
  writeVarint(frame, 3, revision);
  return frame;
}

/** The header of a transaction inside a transaction: an empty message. */
export const EMPTY_HEADER: Buffer = Buffer.of(TAG.header, 0);

/** RangeResponse. `header` is a header frame, or nothing. */
export function encodeRangeResponse(
  header: Uint8Array,
  result: { readonly kvs?: KeyValueFrames; readonly more: boolean; readonly count: number },
): Buffer {
  const { kvs, more, count } = result;
  const kvsBytes = kvs?.bytes ?? 0;
  const tailBytes = (more ? 2 : 0) + (count === 0 ? 0 : 1 + varintLength(count));
  const response = allocateAnswer(header.length + kvsBytes + tailBytes);
  response.set(header, 0);
  let position = kvs?.write(response, header.length) ?? header.length;
  if (more) {
    response[position++] = TAG.rangeMore;
    response[position++] = 1;
  }
  if (count !== 0) {
    response[position++] = TAG.rangeCount;
    writeVarint(response, position, count);
  }
  return response;
}

/** RangeStreamResponse around an encoded RangeResponse. */
export function encodeRangeStreamResponse(rangeResponse: Uint8Array): Buffer {
  return encodeFrame(RESPONSE_OP.range, rangeResponse);
}

/** PutResponse: the header alone, unless the previous KeyValue was asked for. */
export function encodePutResponse(
  header: Uint8Array,
  previous: Uint8Array | undefined,
): Uint8Array {
  if (previous === undefined) return header;
  const response = allocateAnswer(header.length + frameLength(previous.length));
  response.set(header, 0);
  writeFrame(response, header.length, TAG.previousKv, previous);
  return response;
}

/** DeleteRangeResponse. */
export function encodeDeleteRangeResponse(
  header: Uint8Array,
  deleted: number,
  previous: readonly Uint8Array[],
): Buffer {
  let length = header.length + (deleted === 0 ? 0 : 1 + varintLength(deleted));
  for (const kv of previous) length += frameLength(kv.length);
  const response = allocateAnswer(length);
  response.set(header, 0);
  let position = header.length;
  if (deleted !== 0) {
    response[position++] = TAG.deleted;
    position = writeVarint(response, position, deleted);
  }
  for (const kv of previous) position = writeFrame(response, position, TAG.previousKvs, kv);
  return response;
}

/** TxnResponse from responses made by {@link encodeResponseOp}. */
export function encodeTxnResponse(
  header: Uint8Array,
  succeeded: boolean,
  responses: readonly Uint8Array[],
): Buffer {
  let length = header.length + (succeeded ? 2 : 0);
  for (const response of responses) length += frameLength(response.length);
  const answer = allocateAnswer(length);
  answer.set(header, 0);
  let position = header.length;
  if (succeeded) {
    answer[position++] = TAG.succeeded;
    answer[position++] = 1;
  }
  for (const response of responses) {
    position = writeFrame(answer, position, TAG.responses, response);
  }
  return answer;
}

/** ResponseOp with one member of its oneof. */
export function encodeResponseOp(
  member: (typeof RESPONSE_OP)[keyof typeof RESPONSE_OP],
  response: Uint8Array,
): Buffer {
  return encodeFrame(member, response);
}

function encodeFrame(tag: number, message: Uint8Array): Buffer {
  const frame = allocateAnswer(frameLength(message.length));
  writeFrame(frame, 0, tag, message);
  return frame;
}
