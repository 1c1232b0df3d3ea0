/**
 * Answers of a watch, put together from KeyValues that are encoded already. What many watchers are
 * told alike, the events, is one block of bytes; what differs goes in front of it, the head.
 *
 * Field numbers: etcd api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto.
 */
import { frameLength, writeFrame, writeFrameHead } from "./frame.ts";
import { keyHeadLength, writeKeyHead } from "./key-value.ts";
import type { KeyHead } from "./key-value.ts";
import { varintLength, writeVarint } from "./writer.ts";

/** A field's tag: its number, and that a length (2) or a varint (0) follows. */
const TAG = {
  watchId: 0x10,
  fragment: 0x38,
  events: 0x5a,
  eventType: 0x08,
  eventKeyValue: 0x12,
  eventPrevious: 0x1a,
} as const;

/** What an event is made of. */
export interface EventSource {
  readonly deleted: boolean;
  readonly key: string;
  readonly main: number;
  /** The KeyValue of a put, encoded; not asked for of a deletion. */
  readonly value: Uint8Array;
}

/**
 * The events of a WatchResponse, as its last field: of puts the KeyValue as it stands, of deletions
 * only key and revision. `previous` has the previous KeyValue of each, where there is one.
 */
export function encodeEvents(
  sources: readonly EventSource[],
  previous?: readonly (Uint8Array | undefined)[],
): Buffer {
  const values = sources.map((source) => (source.deleted ? undefined : source.value));
  const lengths = sources.map((source, index) => {
    const before = previous?.[index];
    const beforeBytes = before === undefined ? 0 : frameLength(before.length);
    const value = values[index];
    if (value !== undefined) return frameLength(value.length) + beforeBytes;
    return 2 + frameLength(keyHeadLength(deletedHead(source))) + beforeBytes;
  });
  const block = Buffer.allocUnsafeSlow(lengths.reduce((sum, each) => sum + frameLength(each), 0));
  let position = 0;
  for (const [index, source] of sources.entries()) {
    position = writeFrameHead(block, position, TAG.events, lengths[index]!);
    const value = values[index];
    if (value === undefined) position = writeDeletion(block, position, source);
    else position = writeFrame(block, position, TAG.eventKeyValue, value);
    const before = previous?.[index];
    if (before !== undefined) position = writeFrame(block, position, TAG.eventPrevious, before);
  }
  return block;
}

/** All that is told of a deletion: the key, and when. */
function deletedHead({ key, main }: EventSource): KeyHead {
  return { key, createMain: 0, modMain: main, version: 0 };
}

function writeDeletion(block: Buffer, start: number, source: EventSource): number {
  block[start] = TAG.eventType;
  block[start + 1] = 1;
  const head = deletedHead(source);
  const position = writeFrameHead(block, start + 2, TAG.eventKeyValue, keyHeadLength(head));
  return writeKeyHead(block, position, head);
}

/** The field of a watcher's id, for {@link watchHead}. */
export function watchIdField(watchId: number): Uint8Array {
  if (watchId === 0) return NOTHING;
  const field = Buffer.allocUnsafeSlow(1 + varintLength(watchId));
  field[0] = TAG.watchId;
  writeVarint(field, 1, watchId);
  return field;
}

/**
 * What goes before the events in a WatchResponse: a header frame, a {@link watchIdField}, and whether
 * another fragment follows. Only lent, until the next call.
 */
export function watchHead(header: Uint8Array, idField: Uint8Array, fragment: boolean): Uint8Array {
  const length = header.length + idField.length + (fragment ? 2 : 0);
  // One for each length, so that no view has to be made.
  const head = (HEADS[length] ??= new Uint8Array(length));
  let position = copy(header, head, 0);
  position = copy(idField, head, position);
  if (fragment) {
    head[position] = TAG.fragment;
    head[position + 1] = 1;
  }
  return head;
}

const NOTHING = new Uint8Array(0);
/** By length: a header frame, an id and a flag are at most 60 bytes. */
const HEADS: Uint8Array[] = [];

/** For so few bytes a loop is faster than `set()`. */
function copy(source: Uint8Array, target: Uint8Array, at: number): number {
  const { length } = source;
  for (let index = 0; index < length; index++) target[at + index] = source[index]!;
  return at + length;
}
