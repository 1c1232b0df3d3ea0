/**
 * From JSON to the bytes of protobuf, as etcd's gateway takes it: names in either spelling, unknown
 * fields and unknown names of enums ignored, 64-bit numbers as numbers or as strings, bytes in both
 * alphabets of base64 and padded or not. Numbers are exact.
 *
 * Source: google.golang.org/protobuf encoding/protojson/decode.go, with DiscardUnknown; texts of
 * errors as well. The text is known to be JSON: {@link JsonValues} has seen to that.
 */
import { isUtf8 } from "node:buffer";
import type { FieldDescriptor, MessageDescriptor } from "./descriptor.ts";
import { JsonError } from "./json-error.ts";
import { integerOf } from "./json-integer.ts";
import { MessageBytes } from "./message-bytes.ts";

/** The message that a JSON value is. Throws {@link JsonError}. */
export function readJson(descriptor: MessageDescriptor, text: Buffer): Buffer {
  return new JsonReader(text).message(descriptor).whole();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class JsonReader {
  readonly #text: Buffer;
  #position = 0;

  constructor(text: Buffer) {
    this.#text = text;
  }

  message(descriptor: MessageDescriptor): MessageBytes {
    const bytes = new MessageBytes();
    const seen = new Set<string>();
    this.#open("{");
    while (!this.#closes("}")) {
      const at = this.#position;
      const name = this.#string();
      const raw = this.#rawFrom(at);
      this.#skipSpaceAnd(":");
      const field = descriptor.byName.get(name);
      if (field === undefined) {
        this.#skipValue();
        continue;
      }
      if (seen.has(field.name)) throw this.#errorAt(at, `duplicate field ${raw}`);
      seen.add(field.name);
      if (this.#takesNull()) continue;
      if (field.isRepeated) {
        this.#list(field, bytes);
        continue;
      }
      if (field.oneof !== undefined) {
        // No field has such a name.
        const key = `oneof ${field.oneof}`;
        if (seen.has(key)) {
          throw this.#errorAt(at, `error parsing ${raw}, oneof ${field.oneof} is already set`);
        }
        seen.add(key);
      }
      this.#singular(field, bytes);
    }
    return bytes;
  }

  #singular(field: FieldDescriptor, bytes: MessageBytes): void {
    if (field.kind === "message") {
      bytes.message(field.number, this.message(field.message()));
      return;
    }
    const value = this.#scalar(field);
    if (value === undefined) return;
    if (field.oneof === undefined && isZero(value)) return;
    if (typeof value === "bigint") bytes.varint(field.number, value);
    else bytes.bytes(field.number, value);
  }

  #list(field: FieldDescriptor, bytes: MessageBytes): void {
    this.#open("[");
    const numbers: bigint[] = [];
    while (!this.#closes("]")) {
      if (field.kind === "message") {
        bytes.message(field.number, this.message(field.message()));
        continue;
      }
      const value = this.#scalar(field);
      if (typeof value === "bigint") numbers.push(value);
      else if (value !== undefined) bytes.bytes(field.number, value);
    }
    if (numbers.length > 0) bytes.packed(field.number, numbers);
  }

  /** Undefined for the name of an enum that nobody knows. */
  #scalar(field: FieldDescriptor): bigint | Buffer | undefined {
    this.#skipSpace();
    const at = this.#position;
    const first = this.#text[at];
    let text: string | undefined;
    if (first === QUOTE) text = this.#string();
    else this.#skipToken();
    const raw = text === undefined ? this.#rawFrom(at) : "";
    const value = scalarOf(field, text, raw);
    if (value !== "wrong") return value;
    const problem = `invalid value for ${field.kind} field ${field.jsonName}: ${this.#rawFrom(at)}`;
    throw this.#errorAt(at, problem);
  }

  #takesNull(): boolean {
    this.#skipSpace();
    if (this.#text[this.#position] !== 0x6e) return false;
    this.#position += 4;
    return true;
  }

  #open(bracket: "{" | "["): void {
    this.#skipSpace();
    const at = this.#position;
    if (this.#text[at] === bracket.charCodeAt(0)) {
      this.#position += 1;
      return;
    }
    this.#skipToken();
    throw this.#syntaxErrorAt(at, `unexpected token ${this.#rawFrom(at)}`);
  }

  /** Whether the list or the object ends here; if not, the next element is what follows. */
  #closes(bracket: "}" | "]"): boolean {
    this.#skipSpace();
    if (this.#text[this.#position] === 0x2c) {
      this.#position += 1;
      this.#skipSpace();
      return false;
    }
    if (this.#text[this.#position] !== bracket.charCodeAt(0)) return false;
    this.#position += 1;
    return true;
  }

  #skipSpaceAnd(character: string): void {
    this.#skipSpace();
    if (this.#text[this.#position] !== character.charCodeAt(0)) {
      throw new Error(`Cannot read JSON: no "${character}" at ${String(this.#position)}`);
    }
    this.#position += 1;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#text[this.#position];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#position += 1;
    }
  }

  /** Of a list or an object only its bracket. */
  #skipToken(): void {
    const isBracket = /[[{]/u.test(String.fromCharCode(this.#text[this.#position] as number));
    if (isBracket) this.#position += 1;
    else this.#skipValue();
  }

  /** Whatever it is; strings in it are read all the same, because they may be wrong. */
  #skipValue(): void {
    let depth = 0;
    do {
      this.#skipSpace();
      const byte = this.#text[this.#position];
      if (byte === undefined) return;
      const character = String.fromCharCode(byte);
      if (byte === QUOTE) this.#string();
      else if (/[-+.0-9a-zA-Z]/u.test(character)) this.#skipWord();
      else {
        if (character === "{" || character === "[") depth += 1;
        if (character === "}" || character === "]") depth -= 1;
        this.#position += 1;
      }
    } while (depth > 0);
  }

  #skipWord(): void {
    while (/[-+.0-9a-zA-Z]/u.test(String.fromCharCode(this.#text[this.#position] ?? 0))) {
      this.#position += 1;
    }
  }

  #string(): string {
    const at = this.#position;
    let hasEscapes = false;
    let end = at + 1;
    for (; this.#text[end] !== QUOTE; end += 1) {
      if (this.#text[end] !== BACKSLASH) continue;
      hasEscapes = true;
      end += 1;
    }
    this.#position = end + 1;
    const inner = this.#text.subarray(at + 1, end);
    if (!isUtf8(inner)) throw this.#syntaxErrorAt(at, "invalid UTF-8 in string");
    if (!hasEscapes) return inner.toString();
    // A string by the grammar, so that it is one for JavaScript.
    const text = JSON.parse(`"${inner.toString()}"`) as string;
    // Half a character.
    if (/\p{Surrogate}/u.test(text)) throw this.#syntaxErrorAt(at, "invalid escape code in string");
    return text;
  }

  #rawFrom(at: number): string {
    return this.#text.toString("utf8", at, this.#position);
  }

  #errorAt(at: number, problem: string): JsonError {
    return new JsonError(`proto: (${this.#place(at)}): ${problem}`);
  }

  #syntaxErrorAt(at: number, problem: string): JsonError {
    return new JsonError(`proto: syntax error (${this.#place(at)}): ${problem}`);
  }

  #place(at: number): string {
    const before = this.#text.toString("utf8", 0, at);
    const line = before.split("\n").length;
    const column = Array.from(before.slice(before.lastIndexOf("\n") + 1)).length + 1;
    return `line ${String(line)}:${String(column)}`;
  }
}

function isZero(value: bigint | Buffer): boolean {
  return typeof value === "bigint" ? value === 0n : value.length === 0;
}

/** What a token means to a field; `text` is there for strings, `raw` for all others. */
function scalarOf(
  field: FieldDescriptor,
  text: string | undefined,
  raw: string,
): bigint | Buffer | undefined | "wrong" {
  switch (field.kind) {
    case "bool":
      if (raw === "true") return 1n;
      return raw === "false" ? 0n : "wrong";
    case "string":
      return text === undefined ? "wrong" : Buffer.from(text);
    case "bytes":
      return (text === undefined ? undefined : bytesOf(text)) ?? "wrong";
    case "enum":
      if (text !== undefined) {
        const value = Object.hasOwn(field.values, text) ? field.values[text] : undefined;
        return value === undefined ? undefined : BigInt(value);
      }
      return integerOf(raw, "int32") ?? "wrong";
    case "int64":
    case "uint32":
    case "uint64":
      return integerOf(text ?? raw, field.kind) ?? "wrong";
    case "message":
      throw new Error(`Cannot read a message as a scalar: ${field.name}`);
  }
}

/**
 * Undefined when it is no base64. Source: protojson, unmarshalBytes; Go, encoding/base64, which
 * skips line ends.
 */
function bytesOf(text: string): Buffer | undefined {
  const isUrl = /[-_]/u.test(text);
  const isPadded = text.length % 4 === 0;
  const body = text.replaceAll(/[\r\n]/gu, "");
  if (isUrl ? /[^-_A-Za-z0-9=]/u.test(body) : /[^+/A-Za-z0-9=]/u.test(body)) return undefined;
  const paddedAt = body.indexOf("=");
  if (isPadded) {
    if (body.length % 4 !== 0) return undefined;
    if (paddedAt !== -1 && !/^={1,2}$/u.test(body.slice(paddedAt))) return undefined;
  } else if (paddedAt !== -1 || body.length % 4 === 1) {
    return undefined;
  }
  return Buffer.from(body, "base64");
}
