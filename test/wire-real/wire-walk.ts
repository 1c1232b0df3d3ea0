/** Walks through the bytes of a message by its .proto description, without our decoders. */
import protobuf from "protobufjs";

/** What a walk met. */
export interface Walk {
  /** `Message.field` of every known field. */
  readonly seen: Set<string>;
  /** `Message#number:wiretype` of every field that the description does not have. */
  readonly unknown: Set<string>;
}

/** Adds to `walk` what `bytes` hold, through all levels. */
export function walkMessage(type: protobuf.Type, bytes: Uint8Array, walk: Walk): void {
  walkUntil(type, protobuf.Reader.create(bytes), bytes.length, walk);
}

function walkUntil(type: protobuf.Type, reader: protobuf.Reader, end: number, walk: Walk): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined || !wireTypesOf(field).includes(wireType)) {
      walk.unknown.add(`${type.name}#${tag >>> 3}:${wireType}`);
      reader.skipType(wireType);
      continue;
    }
    walk.seen.add(`${type.name}.${field.name}`);
    if (field.map) walkEntry(field, reader, walk);
    else if (field.resolvedType instanceof protobuf.Type) {
      const length = reader.uint32();
      walkUntil(field.resolvedType, reader, reader.pos + length, walk);
    } else reader.skipType(wireType);
  }
}

/** A map travels as messages with the key as field 1 and the value as field 2. */
function walkEntry(field: protobuf.Field, reader: protobuf.Reader, walk: Walk): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 18 && field.resolvedType instanceof protobuf.Type) {
      const valueLength = reader.uint32();
      walkUntil(field.resolvedType, reader, reader.pos + valueLength, walk);
    } else {
      if (tag !== 10) walk.unknown.add(`${field.name} entry#${tag >>> 3}:${tag & 7}`);
      reader.skipType(tag & 7);
    }
  }
}

function wireTypesOf(field: protobuf.Field): number[] {
  const isVarint =
    field.resolvedType instanceof protobuf.Enum ||
    ["bool", "int64", "uint64", "uint32"].includes(field.type);
  if (!isVarint) return [2];
  return field.repeated ? [0, 2] : [0];
}
