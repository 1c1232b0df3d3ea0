/** Header lists and blocks at random. */
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";
import type { OutgoingField } from "../../../src/transport/http2/hpack-encoder.ts";
import { encodeHuffman, huffmanLength } from "../../../src/transport/http2/huffman.ts";
import type { Random } from "../../harness/random-operations.ts";

/** None of which there may be one only. */
const NAMES = ["accept", "link", "via", "vary", "x", "x-a", "grpc-timeout", "a-long-name"];

/** Some fields that both ends allow; names and values come again. */
export function randomFields(random: Random): OutgoingField[] {
  return Array.from({ length: random.below(7) }, () => ({
    name: random.percent(80) ? random.pick(NAMES) : `x-${random.below(40)}`,
    value: random.percent(60) ? `value ${random.below(8)}` : randomValue(random),
    isCommon: random.percent(60),
  }));
}

/** Of one-byte characters; no blanks at its ends. */
function randomValue(random: Random): string {
  const length = random.pick([0, 1, 2, 10, 60, 300, 1500]);
  const isText = random.percent(50);
  const characters = Array.from({ length }, () =>
    isText ? 0x61 + random.below(26) : (random.percent(50) ? 0x21 : 0xa1) + random.below(94),
  );
  return String.fromCharCode(...characters);
}

/** The least that a request has. */
export const REQUEST = [
  { name: ":method", value: "GET" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/" },
  { name: ":authority", value: "a" },
] as const;

/** Some requests' blocks in a row, made by all means that HPACK has. */
export function randomBlocks(random: Random): Buffer[] {
  const encoder = new HpackEncoder(4096);
  return Array.from({ length: 1 + random.below(5) }, () => {
    if (random.percent(30)) encoder.allowTableBytes(random.pick([0, 60, 200, 4096]));
    const block = encoder.encode([...REQUEST, ...randomFields(random)]);
    return random.percent(50) ? block : Buffer.concat([block, ...randomParts(random)]);
  });
}

/** Representations written by hand: every kind, with indices that may or may not be there. */
function randomParts(random: Random): Buffer[] {
  return Array.from({ length: random.below(5) }, () => {
    const index = random.below(75);
    switch (random.below(5)) {
      case 0:
        return Buffer.from([0x80 | index]);
      case 1:
        return Buffer.concat([Buffer.from([0x40]), text(random, "x-new"), text(random, "1")]);
      case 2:
        return Buffer.concat([Buffer.from([0x40 | Math.min(index, 62)]), text(random, "2")]);
      case 3:
        return Buffer.concat([Buffer.from([random.below(15)]), text(random, "3")]);
      default:
        return Buffer.concat([Buffer.from([0x10]), text(random, "x-never"), text(random, "4")]);
    }
  });
}

function text(random: Random, value: string): Buffer {
  if (random.percent(50)) return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const length = huffmanLength(value);
  const bytes = Buffer.alloc(1 + length);
  bytes[0] = 0x80 | length;
  encodeHuffman(value, bytes, 1);
  return bytes;
}

/** The same with some bytes changed, lost or come to it. */
export function damaged(block: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(block);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(bytes.length + 1);
    const way = random.below(4);
    if (way === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else if (way === 1) {
      const more = Buffer.from([random.below(256)]);
      bytes = Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
    } else if (at < bytes.length) {
      bytes[at] = way === 2 ? random.below(256) : bytes[at]! ^ (1 << random.below(8));
    }
  }
  return bytes;
}
