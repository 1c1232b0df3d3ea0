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
  range: { readonly start: number; readonly end: number },
  target: Uint8Array,
): number {
  const { end } = range;
  let position = range.start;
  let written = 0;
  // The low `bitCount` bits of `bits` wait to be decoded. Never more than 7 + 24 of them.
  let bits = 0;
  let bitCount = 0;
  for (;;) {
    while (bitCount < QUICK_BITS && position < end) {
      bits = ((bits & 0xff) << 8) | source[position++]!;
      bitCount += 8;
    }
    if (bitCount < QUICK_BITS) break;
    const entry = quick[(bits >>> (bitCount - QUICK_BITS)) & 0xff]!;
    if (entry !== 0) {
      target[written++] = entry >>> 4;
      bitCount -= entry & 15;
      continue;
    }
    const found = longCode(source, position - Math.ceil(bitCount / 8), end, bitCount % 8);
    if (found === undefined) return padded(source, { position, end, bitCount }, written);
    target[written++] = found.symbol;
    const consumed = (position * 8 - bitCount + found.length) % 8;
    position = Math.floor((position * 8 - bitCount + found.length) / 8);
    bitCount = 0;
    bits = 0;
    if (consumed > 0) {
      bits = source[position++]!;
      bitCount = 8 - consumed;
    }
  }
  // Fewer than eight bits: short codes, and then the padding.
  while (bitCount >= CODE_BITS_MIN) {
    const entry = quick[((bits << QUICK_BITS) >>> bitCount) & 0xff]!;
    const length = entry & 15;
    if (entry === 0 || length > bitCount) break;
    target[written++] = entry >>> 4;
    bitCount -= length;
  }
  const mask = (1 << bitCount) - 1;
  if ((bits & mask) !== mask) throw new HpackError("Cannot decode a string: bad padding");
  return written;
}
