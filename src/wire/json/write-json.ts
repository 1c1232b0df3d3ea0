/**
 * From the bytes of protobuf to JSON, as etcd's gateway answers: names as in proto, zeros left out,
 * 64-bit numbers as strings, enums by their names, bytes as padded base64.
 *
 * Source: google.golang.org/protobuf encoding/protojson/encode.go, with UseProtoNames. Spaces, which
 * it puts where it likes, are left out.
 */
import { Reader } from "../reader.ts";
import type { FieldDescriptor, MessageDescriptor } from "./descriptor.ts";

/** Text is made into bytes in pieces of about this many characters: a string has its limits. */
const PIECE_CHARACTERS = 64 * 1024;

/** A message as JSON. Throws {@link EtcdError} for what is no message. */
export function writeJson(descriptor: MessageDescriptor, message: Uint8Array): Buffer {
  const text = new JsonText();
  writeMessage(text, descriptor, message);
  return text.whole();
}

class JsonText {
  readonly #pieces: Buffer[] = [];
  #text = "";

  add(text: string): void {
    this.#text += text;
    if (this.#text.length > PIECE_CHARACTERS) this.#flush();
  }

  whole(): Buffer {
    this.#flush();
    return this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
  }

  #flush(): void {
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = "";
  }
}

/** What was sent of a field, in order. */
type Sent = bigint | Uint8Array;

function writeMessage(text: JsonText, descriptor: MessageDescriptor, message: Uint8Array): void {
  const sent = sentFields(descriptor, message);
  let separator = "{";
  for (const field of descriptor.fields) {
    const values = sent.get(field);
    if (values === undefined || isLeftOut(field, values)) continue;
    text.add(`${separator}"${field.name}":`);
    separator = ",";
    if (field.isRepeated) writeList(text, field, values);
    else
      writeValue(text, field, field.kind === "message" ? merged(values) : (values.at(-1) as Sent));
  }
  text.add(separator === "{" ? "{}" : "}");
}

function sentFields(
  descriptor: MessageDescriptor,
  message: Uint8Array,
): Map<FieldDescriptor, Sent[]> {
  const sent = new Map<FieldDescriptor, Sent[]>();
  const reader = new Reader(message);
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const field = descriptor.byNumber.get(tag >>> 3);
    const isNumber = field !== undefined && isNumeric(field);
    const isPacked = isNumber && field.isRepeated && (tag & 7) === 2;
    if (field === undefined || (tag & 7) !== (isNumber && !isPacked ? 0 : 2)) {
      reader.skip(tag);
      continue;
    }
    let values = sent.get(field);
    if (values === undefined) sent.set(field, (values = []));
    if (!isPacked) {
      values.push(isNumber ? reader.bigUint64() : reader.bytes());
      forgetRivals(sent, field);
      continue;
    }
    const outerEnd = reader.enter();
    while (reader.position < reader.end) values.push(reader.bigUint64());
    reader.leave(outerEnd);
  }
  return sent;
}

/** Of a oneof the last one counts. */
function forgetRivals(sent: Map<FieldDescriptor, Sent[]>, field: FieldDescriptor): void {
  if (field.oneof === undefined) return;
  for (const other of sent.keys()) {
    if (other !== field && other.oneof === field.oneof) sent.delete(other);
  }
}

function isNumeric({ kind }: FieldDescriptor): boolean {
  return kind !== "bytes" && kind !== "string" && kind !== "message";
}

function isLeftOut(field: FieldDescriptor, values: readonly Sent[]): boolean {
  if (values.length === 0) return true;
  if (field.isRepeated || field.oneof !== undefined || field.kind === "message") return false;
  const last = values.at(-1);
  return typeof last === "bigint" ? last === 0n : last?.length === 0;
}

function merged(values: readonly Sent[]): Sent {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return first;
  return Buffer.concat(values.filter((value) => typeof value !== "bigint"));
}

function writeList(text: JsonText, field: FieldDescriptor, values: readonly Sent[]): void {
  let separator = "[";
  for (const value of values) {
    text.add(separator);
    separator = ",";
    writeValue(text, field, value);
  }
  text.add("]");
}

function writeValue(text: JsonText, field: FieldDescriptor, value: Sent): void {
  if (typeof value === "bigint") text.add(numberText(field, value));
  else if (field.kind === "message") writeMessage(text, field.message(), value);
  else if (field.kind === "bytes") text.add(`"${bufferOf(value).toString("base64")}"`);
  else text.add(JSON.stringify(bufferOf(value).toString()));
}

function numberText(field: FieldDescriptor, value: bigint): string {
  switch (field.kind) {
    case "bool":
      return value === 0n ? "false" : "true";
    case "enum": {
      const number = Number(BigInt.asIntN(32, value));
      const [name] = Object.entries(field.values).find(([, known]) => known === number) ?? [];
      return name === undefined ? String(number) : `"${name}"`;
    }
    case "uint32":
      return String(BigInt.asUintN(32, value));
    case "int64":
      return `"${String(BigInt.asIntN(64, value))}"`;
    case "uint64":
      return `"${String(value)}"`;
    case "bytes":
    case "message":
    case "string":
      throw new Error(`Cannot write as a number: ${field.name}`);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
