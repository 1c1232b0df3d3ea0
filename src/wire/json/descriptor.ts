/** Messages as JSON sees them: fields by their names and with their types. */
import { ENUMS, MESSAGES } from "../messages/descriptors.ts";
import type { FieldRow } from "../messages/descriptors.ts";

export interface MessageDescriptor {
  readonly name: string;
  /** In the order in which JSON has them. */
  readonly fields: readonly FieldDescriptor[];
  /** By either of their names. */
  readonly byName: ReadonlyMap<string, FieldDescriptor>;
  /** By the number of the field. */
  readonly byNumber: ReadonlyMap<number, FieldDescriptor>;
}

export type FieldKind =
  "bool" | "bytes" | "enum" | "int64" | "message" | "string" | "uint32" | "uint64";

export interface FieldDescriptor {
  /** As in proto: `range_end`. What is answered has it. */
  readonly name: string;
  /** In camel case: `rangeEnd`. */
  readonly jsonName: string;
  readonly number: number;
  readonly kind: FieldKind;
  readonly isRepeated: boolean;
  /** Full name of the oneof that it belongs to; such a field is there even with its zero. */
  readonly oneof: string | undefined;
  /** What a message field holds. Messages hold each other, so it is looked up when asked for. */
  readonly message: () => MessageDescriptor;
  /** Numbers of an enum by their names. */
  readonly values: Readonly<Record<string, number>>;
}

const SCALARS: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "int64",
  "string",
  "uint32",
  "uint64",
]);

const known = new Map<string, MessageDescriptor>();

/** The descriptor of a message of proto; throws for a name that there is none of. */
export function descriptorOf(name: string): MessageDescriptor {
  const found = known.get(name);
  if (found !== undefined) return found;
  const rows = MESSAGES[name];
  if (rows === undefined) throw new Error(`Cannot find descriptor of message: ${name}`);
  const fields = rows.map(fieldOf);
  const descriptor: MessageDescriptor = {
    name,
    fields,
    byName: new Map(
      fields.flatMap((field) => [[field.jsonName, field] as const, [field.name, field] as const]),
    ),
    byNumber: new Map(fields.map((field) => [field.number, field])),
  };
  known.set(name, descriptor);
  return descriptor;
}

function fieldOf([name, number, type, form]: FieldRow): FieldDescriptor {
  const values = ENUMS[type];
  const scalar = SCALARS.has(type) ? type : values === undefined ? "message" : "enum";
  const isRepeated = form === "repeated";
  return {
    name,
    jsonName: name.replace(/_([a-z])/gu, (_match, letter: string) => letter.toUpperCase()),
    number,
    // One of the scalars, by the check above.
    kind: scalar as FieldKind,
    isRepeated,
    oneof: isRepeated ? undefined : form,
    message: () => descriptorOf(type),
    values: values ?? {},
  };
}
