/**
 * The Huffman code of HPACK.
 *
 * The code is canonical: codes of one length are consecutive numbers in the order of their symbols,
 * and longer codes follow shorter ones. So the 257 lengths are all there is to know.
 *
 * Decoding looks at eight bits at a time, enough for every character that header fields are mostly
 * made of; rarer ones are found by their length.
 */
import { HpackError } from "./hpack-error.ts";

/**
 * Length in bits of each symbol's code, "a" for five and so on; the last is the end of the string.
 * Source: RFC 7541, appendix B.
 */
const CODE_LENGTHS =
  "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf" +
  "ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix" +
  "prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs" +
  "vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv" +
  "z";

const END_OF_STRING = 256;
const CODE_BITS_MIN = 5;
const CODE_BITS_MAX = 30;
const QUICK_BITS = 8;

/** Length of each symbol's code, bits. */
const lengthOf = new Uint8Array(257);
/** Each symbol's code, in the low bits. */
const codeOf = new Uint32Array(257);
/** All symbols in the order of their codes. */
const symbols = new Uint16Array(257);
/** By length: the first code, how many there are, and where their symbols begin. */
const firstCode = new Uint32Array(CODE_BITS_MAX + 1);
const codeCount = new Uint16Array(CODE_BITS_MAX + 1);
const firstSymbolIndex = new Uint16Array(CODE_BITS_MAX + 1);
/** By the next eight bits: symbol times 16 plus its length; 0 where the code is longer. */
const quick = new Uint16Array(1 << QUICK_BITS);

fillTables();

function fillTables(): void {
  for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
    lengthOf[symbol] = CODE_LENGTHS.charCodeAt(symbol) - 97 + CODE_BITS_MIN;
  }
  let code = 0;
  let symbolIndex = 0;
  for (let length = CODE_BITS_MIN; length <= CODE_BITS_MAX; length++) {
    firstCode[length] = code;
    firstSymbolIndex[length] = symbolIndex;
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (lengthOf[symbol] !== length) continue;
      codeOf[symbol] = code;
      symbols[symbolIndex++] = symbol;
      if (length <= QUICK_BITS) {
        const first = code << (QUICK_BITS - length);
        quick.fill(symbol * 16 + length, first, first + (1 << (QUICK_BITS - length)));
      }
      code++;
    }
    codeCount[length] = symbolIndex - firstSymbolIndex[length]!;
    code *= 2;
  }
}

/**
 * Decodes `source` from `start` to `end` into `target` and returns how many bytes that gave; `target`
 * has room for 8/5 of the source. Throws {@link HpackError} for what no encoder makes.
 */
export function decodeHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  const endBit = end * 8;
  let bit = start * 8;
  let written = 0;
  while (bit < endBit) {
    const index = bit >>> 3;
    // What comes after the end is taken for ones, as padding is.
    const pair = (source[index]! << 8) | (index + 1 < end ? source[index + 1]! : 0xff);
    const next = (pair >>> (8 - (bit & 7))) & 0xff;
    const entry = quick[next]!;
    const length = entry & 15;
    if (entry !== 0 && bit + length <= endBit) {
      target[written++] = entry >>> 4;
      bit += length;
    } else if (endBit - bit < QUICK_BITS) {
      if (next !== 0xff) throw new HpackError("Cannot decode a string: its padding is not ones");
      return written;
    } else {
      const longLength = lengthOfLongCode(source, bit, endBit);
      const code = bitsAt(source, bit, longLength);
      const symbol = symbols[firstSymbolIndex[longLength]! + code - firstCode[longLength]!]!;
      if (symbol === END_OF_STRING) throw new HpackError("Cannot decode a string: it has an end");
      target[written++] = symbol;
      bit += longLength;
    }
  }
  return written;
}

/** Length of the code of more than eight bits that begins at `bit`. */
function lengthOfLongCode(source: Uint8Array, bit: number, endBit: number): number {
  for (let length = QUICK_BITS + 1; length <= CODE_BITS_MAX; length++) {
    if (bit + length > endBit) break;
    const code = bitsAt(source, bit, length);
    const above = code - firstCode[length]!;
    if (above >= 0 && above < codeCount[length]!) return length;
  }
  throw new HpackError("Cannot decode a string: it ends within a character");
}

function bitsAt(source: Uint8Array, bit: number, count: number): number {
  let value = 0;
  for (let index = bit; index < bit + count; index++) {
    value = (value << 1) | ((source[index >>> 3]! >>> (7 - (index & 7))) & 1);
  }
  return value;
}

/** How many bytes a text of one-byte characters takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += lengthOf[text.charCodeAt(index)]!;
  return (bits + 7) >>> 3;
}

/** Encodes a text of one-byte characters at `position`, and returns where the encoding ends. */
export function encodeHuffman(text: string, target: Uint8Array, position: number): number {
  let at = position;
  // Up to seven bits that do not fill a byte yet.
  let bits = 0;
  let bitCount = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    const code = codeOf[symbol]!;
    for (let left = lengthOf[symbol]!; left > 0;) {
      const taken = Math.min(left, 8 - bitCount);
      left -= taken;
      bits = (bits << taken) | ((code >>> left) & ((1 << taken) - 1));
      bitCount += taken;
      if (bitCount === 8) {
        target[at++] = bits;
        bits = 0;
        bitCount = 0;
      }
    }
  }
  if (bitCount > 0) target[at++] = (bits << (8 - bitCount)) | (0xff >>> bitCount);
  return at;
}
