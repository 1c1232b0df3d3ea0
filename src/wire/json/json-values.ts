/**
 * Cuts a stream of bytes into JSON values, one behind the other, and refuses what is none with the
 * texts of Go. Source: Go, encoding/json, scanner.go and stream.go.
 *
 * It only looks at the grammar: what is in a string may still be wrong, and whoever reads the value
 * has to see to that. Every byte is looked at once.
 */
import { JsonError } from "./json-error.ts";

/**
 * Values within values. Go stops at 10 000; no message nests deeper than the 2000 levels of
 * protobuf that a server takes, and each of those has two of JSON.
 */
export const JSON_DEPTH_MAX = 4_096;

/** What may come next. */
const STATE = {
  value: 0,
  firstElement: 1,
  firstKey: 2,
  key: 3,
  colon: 4,
  afterValue: 5,
  string: 6,
  escape: 7,
  hex: 8,
  literal: 9,
  sign: 10,
  zero: 11,
  digits: 12,
  point: 13,
  fraction: 14,
  exponent: 15,
  exponentSign: 16,
  exponentDigits: 17,
} as const;
type State = (typeof STATE)[keyof typeof STATE];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;

const NOTHING = Buffer.alloc(0);

export class JsonValues {
  readonly #valueBytesMax: number;
  /** What was pushed last, behind what is held of the value under way. */
  #bytes: Buffer = NOTHING;
  /** Those bytes are a copy, with room for more behind `#end`. */
  #isCopy = false;
  /** In `#bytes`: the value under way, the next byte to look at, and the end of what is there. */
  #start = 0;
  #position = 0;
  #end = 0;
  #state: State = STATE.value;
  #isWithin = false;
  /** What is open, by its first byte. */
  readonly #open: number[] = [];
  #isKey = false;
  #literal = "";
  #count = 0;

  /** A value of more bytes is refused; white space before it is none of it. */
  constructor(valueBytesMax: number) {
    this.#valueBytesMax = valueBytesMax;
  }

  /** Bytes that wait for the rest of their value. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** More of the stream. All values of what came before have to be taken first. */
  push(chunk: Buffer): void {
    if (this.#position < this.#end) throw new Error("Cannot push: values are left");
    if (this.#isWithin) {
      this.#append(chunk);
      return;
    }
    this.#bytes = chunk;
    this.#isCopy = false;
    this.#start = 0;
    this.#position = 0;
    this.#end = chunk.length;
  }

  /**
   * The next whole value, without the white space around it; undefined when there has to be more of
   * the stream. Throws {@link JsonError}.
   */
  next(): Buffer | undefined {
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position] as number;
      if (!this.#isWithin) {
        if (isSpace(byte)) {
          this.#position += 1;
          continue;
        }
        this.#begin();
      }
      if (this.#open.length === 0 && this.#isNumberOver(byte)) return this.#take();
      if (this.#state === STATE.string) {
        this.#skipString();
      } else {
        this.#step(byte);
        this.#position += 1;
      }
      if (this.#position - this.#start > this.#valueBytesMax) {
        throw new JsonError("too large", "size");
      }
      if (this.#isOver()) return this.#take();
    }
    return undefined;
  }

  /** The stream has ended: the last value, if it could not be known to be whole before. */
  end(): Buffer | undefined {
    if (!this.#isWithin) return undefined;
    if (this.#open.length === 0 && this.#isNumberOver(0)) return this.#take();
    throw new JsonError("unexpected EOF");
  }

  #begin(): void {
    this.#isWithin = true;
    this.#start = this.#position;
    this.#state = STATE.value;
  }

  /** Behind what is held, in one piece: a client that sends single bytes costs no more than others. */
  #append(chunk: Buffer): void {
    const heldBytes = this.heldBytes;
    if (!this.#isCopy || this.#end + chunk.length > this.#bytes.length) {
      const roomier = Buffer.allocUnsafe(2 * (heldBytes + chunk.length));
      this.#bytes.copy(roomier, 0, this.#start, this.#end);
      this.#bytes = roomier;
      this.#isCopy = true;
      this.#start = 0;
      this.#position = heldBytes;
      this.#end = heldBytes;
    }
    this.#end += chunk.copy(this.#bytes, this.#end);
  }

  #take(): Buffer {
    const value = this.#bytes.subarray(this.#start, this.#position);
    this.#isWithin = false;
    this.#start = this.#position;
    return value;
  }

  #isOver(): boolean {
    return this.#state === STATE.afterValue && this.#open.length === 0;
  }

  /** A number at the top ends with what is no part of it. */
  #isNumberOver(byte: number): boolean {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    const isExponent = byte === 0x65 || byte === 0x45;
    const isPoint = byte === 0x2e;
    const state = this.#state;
    if (state === STATE.zero) return !isPoint && !isExponent;
    if (state === STATE.digits) return !isDigit && !isPoint && !isExponent;
    if (state === STATE.fraction) return !isDigit && !isExponent;
    return state === STATE.exponentDigits && !isDigit;
  }

  /** To the end of the string, the escape or the chunk. */
  #skipString(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let position = this.#position;
    for (; position < end; position += 1) {
      const byte = bytes[position] as number;
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
    }
    this.#position = Math.min(position + 1, end);
    if (position === end) return;
    const byte = bytes[position] as number;
    if (byte < 0x20) throw invalid(byte, "in string literal");
    if (byte === BACKSLASH) this.#state = STATE.escape;
    else this.#state = this.#isKey ? STATE.colon : STATE.afterValue;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case STATE.value:
        if (!isSpace(byte)) this.#beginValue(byte);
        return;
      case STATE.firstElement:
        if (byte === ARRAY_END) this.#close();
        else if (!isSpace(byte)) this.#beginValue(byte);
        return;
      case STATE.firstKey:
      case STATE.key:
        if (isSpace(byte)) return;
        if (byte === OBJECT_END && this.#state === STATE.firstKey) this.#close();
        else if (byte !== QUOTE) throw invalid(byte, "looking for beginning of object key string");
        else this.#beginString(true);
        return;
      case STATE.colon:
        if (byte === COLON) this.#state = STATE.value;
        else if (!isSpace(byte)) throw invalid(byte, "after object key");
        return;
      case STATE.afterValue:
        if (!isSpace(byte)) this.#afterValue(byte);
        return;
      case STATE.escape:
        this.#escape(byte);
        return;
      case STATE.hex:
        if (!isHex(byte)) throw invalid(byte, "in \\u hexadecimal character escape");
        this.#count += 1;
        if (this.#count === 4) this.#state = STATE.string;
        return;
      case STATE.literal:
        this.#literalByte(byte);
        return;
      case STATE.string:
        throw new Error("Cannot step: within a string");
      case STATE.sign:
      case STATE.zero:
      case STATE.digits:
      case STATE.point:
      case STATE.fraction:
      case STATE.exponent:
      case STATE.exponentSign:
      case STATE.exponentDigits:
        this.#number(byte);
    }
  }

  #beginValue(byte: number): void {
    if (byte === OBJECT || byte === ARRAY) {
      if (this.#open.length >= JSON_DEPTH_MAX) throw invalid(byte, "exceeded max depth");
      this.#open.push(byte);
      this.#state = byte === OBJECT ? STATE.firstKey : STATE.firstElement;
    } else if (byte === QUOTE) this.#beginString(false);
    else if (byte === MINUS) this.#state = STATE.sign;
    else if (byte === 0x30) this.#state = STATE.zero;
    else if (byte > 0x30 && byte <= 0x39) this.#state = STATE.digits;
    else {
      const literal = ["true", "false", "null"].find((text) => text.charCodeAt(0) === byte);
      if (literal === undefined) throw invalid(byte, "looking for beginning of value");
      this.#literal = literal;
      this.#count = 1;
      this.#state = STATE.literal;
    }
  }

  #beginString(isKey: boolean): void {
    this.#isKey = isKey;
    this.#state = STATE.string;
  }

  #escape(byte: number): void {
    if (byte === 0x75) {
      this.#count = 0;
      this.#state = STATE.hex;
    } else if (!'bfnrt\\/"'.includes(String.fromCharCode(byte))) {
      throw invalid(byte, "in string escape code");
    } else this.#state = STATE.string;
  }

  #literalByte(byte: number): void {
    const wanted = this.#literal[this.#count] as string;
    if (byte !== wanted.charCodeAt(0)) {
      throw invalid(byte, `in literal ${this.#literal} (expecting '${wanted}')`);
    }
    this.#count += 1;
    if (this.#count === this.#literal.length) this.#state = STATE.afterValue;
  }

  #afterValue(byte: number): void {
    const isObject = this.#open.at(-1) === OBJECT;
    if (byte === COMMA) this.#state = isObject ? STATE.key : STATE.value;
    else if (byte === (isObject ? OBJECT_END : ARRAY_END)) this.#close();
    else throw invalid(byte, isObject ? "after object key:value pair" : "after array element");
  }

  #close(): void {
    this.#open.pop();
    this.#state = STATE.afterValue;
  }

  /** Within an array or an object, where what is no part of a number may follow it. */
  #number(byte: number): void {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    const state = this.#state;
    if (state === STATE.sign) {
      if (!isDigit) throw invalid(byte, "in numeric literal");
      this.#state = byte === 0x30 ? STATE.zero : STATE.digits;
    } else if (state === STATE.point) {
      if (!isDigit) throw invalid(byte, "after decimal point in numeric literal");
      this.#state = STATE.fraction;
    } else if (state === STATE.exponent || state === STATE.exponentSign) {
      const isSign = byte === MINUS || byte === 0x2b;
      if (isDigit) this.#state = STATE.exponentDigits;
      else if (isSign && state === STATE.exponent) this.#state = STATE.exponentSign;
      else throw invalid(byte, "in exponent of numeric literal");
    } else if (isDigit && state !== STATE.zero) {
      return;
    } else if (byte === 0x2e && (state === STATE.zero || state === STATE.digits)) {
      this.#state = STATE.point;
    } else if ((byte === 0x65 || byte === 0x45) && state !== STATE.exponentDigits) {
      this.#state = STATE.exponent;
    } else {
      this.#state = STATE.afterValue;
      this.#step(byte);
    }
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isHex(byte: number): boolean {
  return /[0-9a-fA-F]/u.test(String.fromCharCode(byte));
}

/** Source: Go, encoding/json, scanner.go, quoteChar: a byte is named as the character of its number. */
function invalid(byte: number, context: string): JsonError {
  return new JsonError(`invalid character ${quoted(byte)} ${context}`);
}

function quoted(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return String.raw`'\''`;
  if (character === '"') return `'"'`;
  if (character === "\\") return String.raw`'\\'`;
  const short = SHORT_ESCAPES[byte];
  if (short !== undefined) return `'${short}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, "0")}'`;
  if ((byte >= 0x80 && byte <= 0xa0) || byte === 0xad) {
    return `'\\u00${byte.toString(16)}'`;
  }
  return `'${character}'`;
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  7: String.raw`\a`,
  8: String.raw`\b`,
  9: String.raw`\t`,
  10: String.raw`\n`,
  11: String.raw`\v`,
  12: String.raw`\f`,
  13: String.raw`\r`,
};
