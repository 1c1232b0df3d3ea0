/**
 * protobufjs over proto/*.proto, as the reference that our codecs are held against: it reads the
 * same files as the generator, but shares no code with what the generator writes.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import protobuf from "protobufjs";
import { messages } from "../../src/wire/index.ts";

/** A decoded message or an Init, by our names. */
export type Message = Record<string, unknown>;

export interface Codec {
  decode(bytes: Uint8Array): Message;
  encode(message: Message): Uint8Array;
}

/** 64-bit fields of all bits, which are bigint on our side. */
const IDENTITIES = ["ID", "lease", "memberID", "cluster_id", "member_id", "targetID"];

/** Every .proto file of the repository; tests run at its top. */
export const PROTOS: protobuf.Root = loadProtos();

/** Every message type of every file. */
export const MESSAGE_TYPES: readonly protobuf.Type[] = typesIn(PROTOS);

/** Our functions for a message. */
export function codecOf(type: protobuf.Type): Codec {
  // A namespace object has no index signature; the check below is what makes the cast true.
  const all = messages as unknown as Record<string, unknown>;
  const decode = all[`decode${type.name}`];
  const encode = all[`encode${type.name}`];
  if (typeof decode !== "function" || typeof encode !== "function") {
    throw new Error(`Cannot find codec of message: ${type.fullName}`);
  }
  return { decode, encode } as Codec;
}

/** Pairs each field with our name for it: decoded messages have their fields by number. */
export function namedFields(type: protobuf.Type): [name: string, field: protobuf.Field][] {
  const names = Object.keys(codecOf(type).decode(new Uint8Array(0)));
  const fields = type.fieldsArray.toSorted((left, right) => left.id - right.id);
  if (names.length !== fields.length) throw new Error(`Fields differ: ${type.fullName}`);
  return fields.map((field, index) => [names[index] ?? "", field]);
}

/** Messages with some of their fields, chosen and filled at random. */
export function arbitraryInit(type: protobuf.Type, depth = 0): fc.Arbitrary<Message> {
  const fields = namedFields(type);
  const record: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of fields) {
    if (depth < 4 || !(field.resolvedType instanceof protobuf.Type)) {
      record[name] = arbitraryField(field, depth);
    }
  }
  return fc.record(record, { requiredKeys: [] }).map((init) => withoutRivals(type, init));
}

/** Of the members of a oneof, keeps the first that is set. */
function withoutRivals(type: protobuf.Type, init: Message): Message {
  const taken = new Set<protobuf.OneOf>();
  const kept: Message = {};
  for (const [name, field] of namedFields(type)) {
    if (!(name in init) || (field.partOf !== null && taken.has(field.partOf))) continue;
    if (field.partOf !== null) taken.add(field.partOf);
    kept[name] = init[name];
  }
  return kept;
}

function arbitraryField(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const one = arbitraryValue(field, depth);
  if (field.map) {
    const entries = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), one), { maxLength: 3 });
    return entries.map((pairs) => new Map(pairs));
  }
  return field.repeated ? fc.array(one, { maxLength: 3 }) : one;
}

function arbitraryValue(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  if (field.resolvedType instanceof protobuf.Type)
    return arbitraryInit(field.resolvedType, depth + 1);
  if (field.resolvedType instanceof protobuf.Enum) return fc.oneof(fc.nat(4), fc.integer());
  switch (field.type) {
    case "bytes":
      return fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    case "string":
      return fc.string({ unit: "grapheme", maxLength: 200 });
    case "bool":
      return fc.boolean();
    case "uint32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "int32":
      return fc.integer();
    case "int64":
      return isIdentity(field)
        ? fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
        : fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger());
    case "uint64":
      return isIdentity(field)
        ? fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
        : fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat());
    default:
      throw new Error(`Cannot make values of type: ${field.type}`);
  }
}

export function isIdentity(field: protobuf.Field): boolean {
  if (field.type !== "int64" && field.type !== "uint64") return false;
  return (
    IDENTITIES.includes(field.name) ||
    (field.name === "leader" && field.parent?.name === "StatusResponse")
  );
}

/** The bytes that protobufjs makes of it. */
export function referenceEncode(type: protobuf.Type, init: Message): Buffer {
  return Buffer.from(type.encode(toReference(type, init)).finish());
}

/** Our form in protobufjs' own; zeros are left out, which protobufjs would write. */
function toReference(type: protobuf.Type, init: Message): Message {
  const result: Message = {};
  for (const [name, field] of namedFields(type)) {
    const value = init[name];
    if (value === undefined) continue;
    if (value instanceof Map) {
      const entries = [...value].map(([key, one]) => [key, referenceValue(field, one)]);
      result[field.name] = Object.fromEntries(entries);
    } else if (Array.isArray(value)) {
      if (value.length > 0) result[field.name] = value.map((one) => referenceValue(field, one));
    } else if (field.partOf !== null || !isZero(value)) {
      result[field.name] = referenceValue(field, value);
    }
  }
  return result;
}

function isZero(value: unknown): boolean {
  const isEmptyBytes = value instanceof Uint8Array && value.byteLength === 0;
  return isEmptyBytes || value === 0 || value === 0n || value === "" || value === false;
}

function referenceValue(field: protobuf.Field, value: unknown): unknown {
  // The values were made by arbitraryValue for this very field.
  if (field.resolvedType instanceof protobuf.Type) {
    return toReference(field.resolvedType, value as Message);
  }
  if (field.type === "int64" || field.type === "uint64") {
    return String(value);
  }
  return value;
}

/** The decoded form of an Init: every field there. */
export function complete(type: protobuf.Type, init: Message): Message {
  const result = codecOf(type).decode(new Uint8Array(0));
  for (const [name, field] of namedFields(type)) {
    const value = init[name];
    if (value === undefined) continue;
    const inner = field.resolvedType;
    if (!(inner instanceof protobuf.Type)) result[name] = value;
    // Init values of a message field are messages.
    else if (value instanceof Map) {
      result[name] = new Map(
        [...value].map(([key, one]) => [key, complete(inner, one as Message)]),
      );
    } else if (Array.isArray(value)) {
      result[name] = value.map((one) => complete(inner, one as Message));
    } else result[name] = complete(inner, value as Message);
  }
  return result;
}

function loadProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_from, name) => resolve("proto", name);
  const files = readdirSync("proto").filter((name) => name.endsWith(".proto"));
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}

function typesIn(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  const found: protobuf.Type[] = [];
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type) found.push(nested);
    if (nested instanceof protobuf.Namespace) found.push(...typesIn(nested));
  }
  return found;
}
