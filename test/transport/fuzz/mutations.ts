/** Changes at random of what a client says. */
import { gzipSync } from "node:zlib";
import { FRAME, PREFACE, writeFrameHead } from "../../../src/transport/http2/frames.ts";
import type { Random } from "../../harness/random-operations.ts";
import type { LooseFrame } from "./conversations.ts";

/** What is to be sent. */
export interface Mutation {
  readonly chunks: readonly Buffer[];
  /** Every frame is as long as it says, so that what is sent behind them begins a frame. */
  readonly isAligned: boolean;
}

const CHANGES_MAX = 6;
const INTERESTING = [
  0,
  1,
  2,
  3,
  5,
  127,
  255,
  256,
  16_384,
  65_535,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 32 - 1,
];

/** Says one conversation, or two at once, with up to six changes. */
export function mutated(sources: readonly LooseFrame[][], random: Random): Mutation {
  const frames = random.pick(sources).map((frame) => ({ ...frame }));
  if (random.percent(10)) splice(frames, random.pick(sources), random);
  for (let count = random.below(CHANGES_MAX + 1); count > 0; count--) change(frames, random);
  if (random.percent(8)) lie(frames, random);
  const preface = Buffer.from(PREFACE);
  const isOddPreface = random.percent(2);
  if (isOddPreface) preface[random.below(preface.length)]! ^= 1 << random.below(8);
  const bytes = Buffer.concat([preface, ...frames.map(bytesOf)]);
  const isCut = random.percent(5);
  const isLie = frames.some(({ length }) => length !== undefined);
  return {
    chunks: chunksOf(isCut ? bytes.subarray(0, random.below(bytes.length)) : bytes, random),
    isAligned: !isCut && !isLie && !isOddPreface,
  };
}

function splice(frames: LooseFrame[], others: readonly LooseFrame[], random: Random): void {
  let at = 0;
  for (const frame of others) {
    at += random.below(3);
    frames.splice(at, 0, { ...frame });
  }
}

function change(frames: LooseFrame[], random: Random): void {
  const at = random.below(Math.max(1, frames.length));
  const frame = frames[at];
  const kind = random.weighted(WEIGHTS);
  if (frame === undefined || kind === "insert") {
    frames.splice(at, 0, interesting(random));
    return;
  }
  switch (kind) {
    case "bytes":
      frame.payload = flipped(frame.payload, random);
      return;
    case "type":
      frame.type = random.percent(80) ? random.below(11) : random.below(256);
      return;
    case "flags":
      frame.flags = random.percent(70) ? frame.flags ^ (1 << random.below(8)) : random.below(256);
      return;
    case "stream":
      frame.streamId = otherStream(frame.streamId, random);
      return;
    case "resize":
      frame.payload = resized(frame.payload, random);
      return;
    case "envelope":
      frame.payload = otherEnvelope(frame.payload, random);
      return;
    case "gzip":
      frame.payload = otherGzip(frame.payload, random);
      return;
    case "drop":
      frames.splice(at, 1);
      return;
    case "repeat":
      frames.splice(at, 0, ...Array.from({ length: 1 + random.below(40) }, () => ({ ...frame })));
      return;
    case "move":
      frames.splice(at, 1);
      frames.splice(random.below(frames.length + 1), 0, frame);
  }
}

const WEIGHTS = {
  bytes: 20,
  type: 5,
  flags: 12,
  stream: 12,
  resize: 6,
  envelope: 12,
  gzip: 4,
  drop: 8,
  repeat: 6,
  move: 8,
  insert: 15,
} as const;

function flipped(payload: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(payload);
  for (let count = 1 + random.below(3); count > 0 && bytes.length > 0; count--) {
    const at = random.below(random.percent(50) ? Math.min(bytes.length, 20) : bytes.length);
    bytes[at] = random.percent(50) ? random.below(256) : bytes[at]! ^ (1 << random.below(8));
  }
  return bytes;
}

function otherStream(streamId: number, random: Random): number {
  if (random.percent(40)) return Math.max(0, streamId + random.pick([-2, -1, 1, 2, 4, 100]));
  return random.percent(80) ? random.below(30) : random.pick(INTERESTING) & 0x7fff_ffff;
}

function resized(payload: Buffer, random: Random): Buffer {
  if (random.percent(50)) return payload.subarray(0, random.below(payload.length + 1));
  return Buffer.concat([payload, Buffer.alloc(random.below(50), random.below(256))]);
}

/** Another flag or length before a message. */
function otherEnvelope(payload: Buffer, random: Random): Buffer {
  if (payload.length < 5) return payload;
  const bytes = Buffer.from(payload);
  const way = random.below(4);
  if (way < 2) bytes[0] = random.pick([0, 1, 2, 255]);
  else if (way === 2) bytes.writeUInt32BE(random.pick(INTERESTING), 1);
  else bytes.writeUInt32BE((bytes.readUInt32BE(1) + random.below(9) - 4) >>> 0, 1);
  return bytes;
}

/** The packed message of a frame damaged, or another one. */
function otherGzip(payload: Buffer, random: Random): Buffer {
  const packed = random.percent(30)
    ? gzipSync(Buffer.alloc(random.pick([0, 1, 1000, 3_000_000])))
    : flipped(payload.subarray(5), random);
  const bytes = Buffer.alloc(5 + packed.length);
  bytes[0] = 1;
  bytes.writeUInt32BE(packed.length, 1);
  packed.copy(bytes, 5);
  return bytes;
}

/** A frame that stands for trouble. */
function interesting(random: Random): LooseFrame {
  const streamId = random.percent(50) ? 0 : random.below(30);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(random.pick(INTERESTING));
  switch (random.below(8)) {
    case 0: {
      const setting = Buffer.concat([Buffer.from([0, 1 + random.below(7)]), number]);
      return { type: FRAME.settings, flags: 0, streamId: 0, payload: setting };
    }
    case 1:
      return { type: FRAME.windowUpdate, flags: 0, streamId, payload: number };
    case 2:
      return { type: FRAME.rstStream, flags: 0, streamId, payload: number };
    case 3:
      return { type: FRAME.ping, flags: random.below(2), streamId: 0, payload: Buffer.alloc(8) };
    case 4:
      return { type: FRAME.continuation, flags: 4, streamId, payload: number };
    case 5:
      return { type: FRAME.headers, flags: 5, streamId: 31 + 2 * random.below(9), payload: number };
    case 6:
      return { type: FRAME.goAway, flags: 0, streamId: 0, payload: Buffer.alloc(8) };
    default: {
      const payload = Buffer.alloc(random.below(12), random.below(256));
      return { type: random.below(11), flags: random.below(256), streamId, payload };
    }
  }
}

/** A frame that is longer or shorter than it says. */
function lie(frames: LooseFrame[], random: Random): void {
  const frame = frames[random.below(frames.length)];
  if (frame === undefined) return;
  const other = frame.payload.length + random.pick([-9, -1, 1, 9, 16_384]);
  frame.length = random.percent(70) ? Math.max(0, other) : random.pick(INTERESTING) & 0xff_ffff;
}

function bytesOf(frame: LooseFrame): Buffer {
  const { type, flags, streamId, payload } = frame;
  const bytes = Buffer.alloc(9 + payload.length);
  writeFrameHead(bytes, 0, frame.length ?? payload.length, type, flags, streamId);
  payload.copy(bytes, 9);
  return bytes;
}

/** The same bytes in pieces: all at once, one by one, or as it comes. */
function chunksOf(bytes: Buffer, random: Random): Buffer[] {
  const way = random.below(3);
  if (way === 0) return [bytes];
  const most = way === 1 && bytes.length < 3000 ? 1 : 1 + random.below(bytes.length);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + random.below(most);
    // Of its own memory, as a socket's chunks are.
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}
