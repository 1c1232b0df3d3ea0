/**
 * Makes src/wire/messages/index.ts from proto: `npm run generate`, from the top of the repository.
 *
 * For each message there are an interface `X` (what decoding gives: every field there), an interface
 * `XInit` (what encoding takes: every field optional), `decodeX` and `encodeX`. The output is
 * committed, so that neither building nor starting the server parses anything; a test holds it
 * against a fresh run.
 *
 * It is one file, and messages with the same fields share their functions, because the server loads
 * all of it at every start: a file for each service took 10 ms, this takes 2 to 3.
 */
import { readdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import protobuf from "protobufjs";

const PROTO_FOLDER = "proto";
const OUTPUT_FILE = "src/wire/messages/index.ts";

/** Enums whose own name says too little outside their message. */
const NAME_OF_ENUM: Readonly<Record<string, string>> = { Type: "PermissionType" };

/** 64-bit fields that are identities and use every bit: bigint. All others are quantities: number. */
const IDENTITIES: ReadonlySet<string> = new Set([
  "ID",
  "lease",
  "memberID",
  "cluster_id",
  "member_id",
  "targetID",
  "StatusResponse.leader",
]);

/** How a scalar of a type is read and written (the method of Reader and Writer), and its zero. */
interface Scalar {
  readonly method: string;
  readonly type: string;
  readonly zero: string;
  readonly wireType: number;
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  bytes: { method: "bytes", type: "Uint8Array", zero: "EMPTY_BYTES", wireType: 2 },
  string: { method: "string", type: "string", zero: '""', wireType: 2 },
  bool: { method: "bool", type: "boolean", zero: "false", wireType: 0 },
  int64: { method: "int64", type: "number", zero: "0", wireType: 0 },
  uint64: { method: "uint64", type: "number", zero: "0", wireType: 0 },
  // On the wire an enum is one.
  int32: { method: "enum", type: "number", zero: "0", wireType: 0 },
  uint32: { method: "uint32", type: "number", zero: "0", wireType: 0 },
};
const ENUM: Scalar = { method: "enum", type: "number", zero: "0", wireType: 0 };
const BIG_INT64: Scalar = { method: "bigInt64", type: "bigint", zero: "0n", wireType: 0 };
const BIG_UINT64: Scalar = { method: "bigUint64", type: "bigint", zero: "0n", wireType: 0 };

type Declaration = protobuf.Type | protobuf.Enum;

/** The text of the generated file, as Prettier leaves it. */
export async function generateMessages(): Promise<string> {
  const texts = declarationsIn(await readProtos()).map((declaration) =>
    declaration instanceof protobuf.Enum ? enumText(declaration) : messageText(declaration),
  );
  return format([BANNER, ...texts].join("\n"), { parser: "typescript", printWidth: 100 });
}

const BANNER = `// Made by scripts/generate-messages.ts from proto. Never edited.
  import { EMPTY_BYTES, Reader } from "../reader.ts";
  import { startMessage, type Writer } from "../writer.ts";
`;

/** Every file of proto. */
export async function readProtos(): Promise<protobuf.Root> {
  const root = new protobuf.Root();
  root.resolvePath = (_from, name) => resolve(PROTO_FOLDER, name);
  const files = (await readdir(PROTO_FOLDER)).filter((name) => name.endsWith(".proto")).sort();
  root.loadSync(files, { keepCase: true, alternateCommentMode: true });
  root.resolveAll();
  return root;
}

/** Depth first, in the order of the .proto file; enums of a message before it. */
export function declarationsIn(namespace: protobuf.NamespaceBase): Declaration[] {
  const found: Declaration[] = [];
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Enum) found.push(nested);
    else if (nested instanceof protobuf.Namespace || nested instanceof protobuf.Type) {
      found.push(...declarationsIn(nested));
      if (nested instanceof protobuf.Type) found.push(nested);
    }
  }
  return found;
}

function enumText(declaration: protobuf.Enum): string {
  const name = typeName(declaration);
  const members = Object.entries(declaration.values).map(([member, value]) => {
    const comment = docText(declaration.comments[member] ?? null);
    return `${comment}${camelCase(member.toLowerCase())}: ${value},`;
  });
  return `${docText(declaration.comment)}export const ${name} = {\n${members.join("\n")}\n} as const;
    export type ${name} = (typeof ${name})[keyof typeof ${name}];\n`;
}

function messageText(message: protobuf.Type): string {
  const name = typeName(message);
  const functions = functionsName(message);
  const calls = `export function decode${name}(bytes: Uint8Array): ${name} {
      return read${functions}(new Reader(bytes));
    }\n
    export function encode${name}(message: ${name}Init): Uint8Array {
      const writer = startMessage();
      write${functions}(writer, message);
      return writer.finish();
    }\n`;
  const own = functions === name ? [readText(message), writeText(message)] : [];
  return [interfaceText(message), calls, ...own].join("\n");
}

/** The first message with the same fields: its functions serve all of them. */
function functionsName(message: protobuf.Type): string {
  const shape = shapeOf(message);
  const first = declarationsIn(message.root)
    .filter((declaration) => declaration instanceof protobuf.Type)
    .find((declaration) => shapeOf(declaration) === shape);
  return typeName(first ?? message);
}

function shapeOf(message: protobuf.Type): string {
  return fieldsOf(message)
    .map(({ name, tag, repeated, kind, type, scalar, others }) =>
      [name, tag, repeated, kind, type, scalar.method, ...others].join(" "),
    )
    .join("; ");
}

function interfaceText(message: protobuf.Type): string {
  const name = typeName(message);
  const comment = docText(message.comment);
  const fields = fieldsOf(message);
  if (fields.length === 0) {
    return `${comment}export type ${name} = Record<string, never>;
      export type ${name}Init = Record<string, never>;\n`;
  }
  const decoded = fields.map((field) => {
    const type = fieldType(field, false);
    const absent = field.zero === undefined ? " | undefined" : "";
    return `${docText(field.source.comment)}${field.name}: ${type}${absent};`;
  });
  const init = fields.map(
    (field) => `readonly ${field.name}?: ${fieldType(field, true)} | undefined;`,
  );
  return `${comment}export interface ${name} {\n${decoded.join("\n")}\n}\n
    export interface ${name}Init {\n${init.join("\n")}\n}\n`;
}

function readText(message: protobuf.Type): string {
  const name = typeName(message);
  const fields = fieldsOf(message);
  if (fields.length === 0) {
    return `function read${name}(reader: Reader, into: ${name} = {}): ${name} {
      while (reader.position < reader.end) reader.skip(reader.tag());
      return into;
    }\n`;
  }
  const zeros = fields.map((field) => `${field.name}: ${field.zero ?? "undefined"},`);
  return `function read${name}(reader: Reader, into?: ${name}): ${name} {
    const message: ${name} = into ?? { ${zeros.join("\n")} };
    while (reader.position < reader.end) {
      const tag = reader.tag();
      switch (tag) {
        ${fields.map(readCase).join("\n")}
        default: reader.skip(tag);
      }
    }
    return message;
  }\n`;
}

function readCase(field: Field): string {
  const target = `message.${field.name}`;
  const others = field.others.map((other) => `message.${other} = undefined;`).join("\n");
  if (field.kind === "map") return readMapCase(field);
  if (field.kind === "message") {
    const merged = field.repeated ? "reader" : `reader, ${target}`;
    const read = `read${field.functions()}(${merged})`;
    return `case ${field.tag}: {
      const outerEnd = reader.enter();
      ${field.repeated ? `${target}.push(${read})` : `${target} = ${read}`};
      reader.leave(outerEnd);
      ${others} break;
    }`;
  }
  const read = `reader.${field.scalar.method}()`;
  if (!field.repeated) return `case ${field.tag}: ${target} = ${read}; ${others} break;`;
  const one = `case ${field.tag}: ${target}.push(${read}); break;`;
  if (!field.packed) return one;
  // Go takes a packed field unpacked as well.
  return `${one}
    case ${field.packedTag}: {
      const outerEnd = reader.enter();
      while (reader.position < reader.end) ${target}.push(${read});
      reader.leave(outerEnd);
      break;
    }`;
}

function readMapCase(field: Field): string {
  return `case ${field.tag}: {
    const outerEnd = reader.enter();
    let key = "";
    let value: ${field.type} | undefined;
    while (reader.position < reader.end) {
      const entryTag = reader.tag();
      if (entryTag === 10) key = reader.string();
      else if (entryTag === 18) {
        const entryEnd = reader.enter();
        value = read${field.functions()}(reader, value);
        reader.leave(entryEnd);
      } else reader.skip(entryTag);
    }
    reader.leave(outerEnd);
    message.${field.name}.set(key, value ?? read${field.functions()}(new Reader(EMPTY_BYTES)));
    break;
  }`;
}

function writeText(message: protobuf.Type): string {
  const name = typeName(message);
  const fields = fieldsOf(message);
  if (fields.length === 0) {
    return `function write${name}(_writer: Writer, _message: ${name}Init): void {
      // Nothing to write.
    }\n`;
  }
  return `function write${name}(writer: Writer, message: ${name}Init): void {
    ${fields.toReversed().map(writeField).join("\n")}
  }\n`;
}

function writeField(field: Field): string {
  const from = `message.${field.name}`;
  const { name } = field;
  if (field.kind === "map") {
    return `if (${from} !== undefined) {
      for (const [key, value] of [...${from}].reverse()) {
        const entry = writer.mark();
        const mark = writer.mark();
        write${field.functions()}(writer, value);
        writer.message(18, mark);
        writer.string(10, key);
        writer.message(${field.tag}, entry);
      }
    }`;
  }
  if (field.repeated) return writeRepeated(field);
  if (field.kind === "message") {
    return `if (${from} !== undefined) {
      const mark = writer.mark();
      write${field.functions()}(writer, ${from});
      writer.message(${field.tag}, mark);
    }`;
  }
  const { method } = field.scalar;
  const write = `writer.${method}(${field.tag}, ${from});`;
  if (field.zero === undefined) return `if (${from} !== undefined) ${write}`;
  if (method === "bytes") return `if (${from} !== undefined && ${from}.byteLength > 0) ${write}`;
  if (method === "bool") return `if (${from} === true) ${write}`;
  return `const ${name} = ${from} ?? ${field.zero};
    if (${name} !== ${field.zero}) writer.${method}(${field.tag}, ${name});`;
}

function writeRepeated(field: Field): string {
  const { name } = field;
  const element =
    field.kind === "message"
      ? `const mark = writer.mark();
         write${field.functions()}(writer, ${name}[index] as ${field.type}Init);
         writer.message(${field.tag}, mark);`
      : field.packed
        ? `writer.packed${field.scalar.method.replace("enum", "Enum")}(${name}[index] as number);`
        : `writer.${field.scalar.method}(${field.tag}, ${name}[index] as ${field.scalar.type});`;
  const loop = `for (let index = ${name}.length - 1; index >= 0; index -= 1) {\n${element}\n}`;
  const packed = `const mark = writer.mark();\n${loop}\nwriter.message(${field.packedTag}, mark);`;
  return `const ${name} = message.${name};
    if (${name} !== undefined${field.packed ? ` && ${name}.length > 0` : ""}) {
      ${field.packed ? packed : loop}
    }`;
}

/** What the texts need to know of a field. */
interface Field {
  readonly source: protobuf.Field;
  readonly name: string;
  readonly kind: "scalar" | "message" | "map";
  /** Name of the message, if it is one. */
  readonly type: string;
  /** What the functions of that message are named for. */
  readonly functions: () => string;
  readonly scalar: Scalar;
  readonly repeated: boolean;
  readonly packed: boolean;
  readonly tag: number;
  readonly packedTag: number;
  /** Expression for what a field is when it was not sent; undefined where that is undefined. */
  readonly zero: string | undefined;
  /** The other members of its oneof. */
  readonly others: readonly string[];
}

function fieldsOf(message: protobuf.Type): Field[] {
  return message.fieldsArray
    .toSorted((left, right) => left.id - right.id)
    .map((source) => {
      const resolved = source.resolvedType;
      const kind = source.map ? "map" : resolved instanceof protobuf.Type ? "message" : "scalar";
      const scalar = kind === "scalar" ? scalarOf(source) : ENUM;
      const packed = source.repeated && kind === "scalar" && scalar.wireType === 0;
      const others = source.partOf?.fieldsArray.filter((other) => other !== source) ?? [];
      const single = source.partOf !== null || kind === "message" ? undefined : scalar.zero;
      return {
        source,
        name: camelCase(source.name),
        kind,
        type: resolved instanceof protobuf.Type ? typeName(resolved) : "",
        functions: () => (resolved instanceof protobuf.Type ? functionsName(resolved) : ""),
        scalar,
        repeated: source.repeated,
        packed,
        tag: source.id * 8 + (kind === "scalar" ? scalar.wireType : 2),
        packedTag: source.id * 8 + 2,
        zero: source.map ? "new Map()" : source.repeated ? "[]" : single,
        others: others.map((other) => camelCase(other.name)),
      };
    });
}

function scalarOf(field: protobuf.Field): Scalar {
  if (field.resolvedType instanceof protobuf.Enum) return ENUM;
  if (IDENTITIES.has(field.name) || IDENTITIES.has(`${field.parent?.name}.${field.name}`)) {
    if (field.type === "int64") return BIG_INT64;
    if (field.type === "uint64") return BIG_UINT64;
  }
  const scalar = SCALARS[field.type];
  if (scalar === undefined) throw new Error(`Cannot place field type: ${field.type}`);
  return scalar;
}

function fieldType(field: Field, init: boolean): string {
  const one = field.kind === "scalar" ? field.scalar.type : `${field.type}${init ? "Init" : ""}`;
  if (field.kind === "map") return `${init ? "Readonly" : ""}Map<string, ${one}>`;
  if (field.repeated) return `${init ? "readonly " : ""}${one}[]`;
  return one;
}

/** Unique among all files. */
export function typeName(declaration: Declaration): string {
  const isEnum = declaration instanceof protobuf.Enum;
  return (isEnum ? NAME_OF_ENUM[declaration.name] : undefined) ?? declaration.name;
}

/** range_end: rangeEnd; peerURLs: peerUrls; ID: id. */
function camelCase(name: string): string {
  const joined = name
    .replace(/_([A-Za-z])/g, (_match, letter: string) => letter.toUpperCase())
    .replace(/ID|TTL|URL/g, (acronym) => `${acronym[0]}${acronym.slice(1).toLowerCase()}`);
  return `${joined[0]?.toLowerCase()}${joined.slice(1)}`;
}

function docText(comment: string | null): string {
  if (comment === null || comment === "") return "";
  const lines = comment.split("\n");
  if (lines.length === 1) return `/** ${comment} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`).join("\n")}\n */\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(OUTPUT_FILE, await generateMessages());
}
