/**
 * Texts that Go takes for bytes: what etcdctl is given and prints need not be UTF-8.
 *
 * A byte that is no UTF-8 is here a lone surrogate, U+DC00 and the byte, which no text has otherwise.
 */
import { QUOTE_ESCAPES } from "./go-values.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What stands for a byte that is no UTF-8 begins here. */
const STRAY_BYTE = 0xdc00;

/** The same the other way round, without their backslash. */
const ESCAPES: ReadonlyMap<string, string> = new Map(
  [...QUOTE_ESCAPES].map(([character, written]) => [written.slice(1), character]),
);

/** Bytes as text; {@link bytesOf} gives the same bytes again. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return [...characters(bytes)].join("");
  }
}

/** The bytes of a text: UTF-8, and those that were none. */
export function bytesOf(text: string): Uint8Array {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text);
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return isStray(code) ? Buffer.of(code - STRAY_BYTE) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

function isStray(code: number): boolean {
  return code >= STRAY_BYTE + 0x80 && code <= STRAY_BYTE + 0xff;
}

/** The characters of bytes, a byte that is no UTF-8 as a character of its own. */
function* characters(bytes: Uint8Array): Generator<string> {
  for (let position = 0; position < bytes.length;) {
    const first = bytes[position] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    try {
      yield decoder.decode(bytes.subarray(position, position + length));
      position += length;
    } catch {
      yield String.fromCharCode(STRAY_BYTE + first);
      position += 1;
    }
  }
}

/** Bytes between double quotes, all that cannot be printed escaped. Source: Go strconv.Quote. */
export function quoteBytes(bytes: Uint8Array): string {
  const escaped = Array.from(textOf(bytes), (character) => {
    const written = QUOTE_ESCAPES.get(character);
    if (written !== undefined) return written;
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    if (isStray(code)) return `\\x${hexadecimal(code - STRAY_BYTE, 2)}`;
    if (code < 0x20 || code === 0x7f) return `\\x${hexadecimal(code, 2)}`;
    return code > 0xffff ? `\\U${hexadecimal(code, 8)}` : `\\u${hexadecimal(code, 4)}`;
  });
  return `"${escaped.join("")}"`;
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** One character of a text in double quotes: plain, named, octal, or hexadecimal of three lengths. */
const QUOTED =
  /\\(?:([abfnrtv\\"])|([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([^\\"\n])/uy;

/** The text that Go's quotes, double or backward, stand for; undefined for what is none. */
export function unquote(literal: string): string | undefined {
  const inner = literal.slice(1, -1);
  if (literal.length >= 2 && literal.startsWith("`") && literal.endsWith("`")) {
    return inner.includes("`") ? undefined : inner.replaceAll("\r", "");
  }
  if (!/^".*"$/su.test(literal) || literal.length < 2) return undefined;
  const parts: Uint8Array[] = [];
  QUOTED.lastIndex = 0;
  while (QUOTED.lastIndex < inner.length) {
    const [, name, octal, byte, short, long, plain] = QUOTED.exec(inner) ?? [];
    const raw = octal ?? byte;
    const code = short ?? long;
    if (raw !== undefined)
      parts.push(Buffer.of(Number.parseInt(raw, octal === undefined ? 16 : 8)));
    else if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
      parts.push(Buffer.from(String.fromCodePoint(point)));
    } else {
      const text = name === undefined ? plain : ESCAPES.get(name);
      if (text === undefined) return undefined;
      parts.push(bytesOf(text));
    }
  }
  return textOf(Buffer.concat(parts));
}
