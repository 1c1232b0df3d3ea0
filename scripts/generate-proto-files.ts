/**
 * Makes src/server/rpc/proto-files.ts from proto: what server reflection tells. Run with
 * `npm run generate`, from the top of the repository.
 *
 * For each file there are its name, the names of what is in it, and the file as an encoded
 * FileDescriptorProto, without comments. The output is committed, as that of generate-messages.ts.
 */
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";
import type {
  IDescriptorProto,
  IEnumDescriptorProto,
  IFieldDescriptorProto,
} from "protobufjs/ext/descriptor.js";
import type { IFileDescriptorProto, IServiceDescriptorProto } from "protobufjs/ext/descriptor.js";
import { readProtos } from "./generate-messages.ts";

const OUTPUT_FILE = "src/server/rpc/proto-files.ts";

/** The package whose older name is served too. */
const REFLECTION = "grpc.reflection.v1";
const OLD_REFLECTION = "grpc.reflection.v1alpha";

/** Source: google/protobuf/descriptor.proto, FieldDescriptorProto. */
const LABEL = { optional: 1, repeated: 3 } as const;
const TYPE: Readonly<Record<string, number>> = {
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
};

/** The text of the generated file, as Prettier leaves it. */
export async function generateProtoFiles(): Promise<string> {
  const files = packagesIn(await readProtos()).map(fileOf);
  const reflection = files.find((file) => file.package === REFLECTION);
  if (reflection === undefined) throw new Error(`Cannot find package: ${REFLECTION}`);
  const entries = [...files, oldNamed(reflection)].map(entryText);
  const text = `${BANNER}\nexport const PROTO_FILES: readonly ProtoFile[] = [\n${entries.join("")}];\n`;
  return format(text, { parser: "typescript", printWidth: 100 });
}

const BANNER = `// Made by scripts/generate-proto-files.ts from proto. Never edited.

/** A file of the API, as reflection tells it. */
export interface ProtoFile {
  readonly name: string;
  /** Names of the files that it needs. */
  readonly imports: readonly string[];
  /** Full names of the services in it. */
  readonly services: readonly string[];
  /** Full names of messages, enums and methods, separated by spaces. */
  readonly symbols: string;
  /** A FileDescriptorProto in base64. */
  readonly descriptor: string;
}
`;

/** The namespaces that hold messages themselves: one of each file. */
function packagesIn(namespace: protobuf.NamespaceBase): protobuf.NamespaceBase[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (!(nested instanceof protobuf.Namespace) || isType(nested)) return [];
    const holds = nested.nestedArray.some((one) => isType(one));
    return holds ? [nested] : packagesIn(nested);
  });
}

function isType(object: protobuf.ReflectionObject): object is protobuf.Type {
  return object instanceof protobuf.Type;
}

function fileOf(namespace: protobuf.NamespaceBase): IFileDescriptorProto {
  const types = namespace.nestedArray.filter(isType);
  const services = namespace.nestedArray.filter((one) => one instanceof protobuf.Service);
  const own = fileNameOf(namespace.nestedArray[0]);
  const needed = [...types, ...services].flatMap((one) => neededBy(one)).map(fileNameOf);
  return {
    name: own,
    package: namespace.fullName.slice(1),
    dependency: [...new Set(needed)].filter((name) => name !== own).toSorted(),
    messageType: types.map(messageOf),
    enumType: namespace.nestedArray.filter((one) => one instanceof protobuf.Enum).map(enumOf),
    service: services.map(serviceOf),
    syntax: "proto3",
  };
}

function fileNameOf(object: protobuf.ReflectionObject | null | undefined): string {
  if (typeof object?.filename !== "string") throw new Error(`Cannot find file of: ${object?.name}`);
  return basename(object.filename);
}

/** Messages and enums that something names. */
function neededBy(object: protobuf.ReflectionObject): protobuf.ReflectionObject[] {
  if (object instanceof protobuf.Service) {
    return object.methodsArray.flatMap(({ resolvedRequestType, resolvedResponseType }) =>
      [resolvedRequestType, resolvedResponseType].filter((type) => type !== null),
    );
  }
  if (!isType(object)) return [];
  const direct = object.fieldsArray.map((field) => field.resolve().resolvedType);
  return [...direct.filter((type) => type !== null), ...object.nestedArray.flatMap(neededBy)];
}

function messageOf(type: protobuf.Type): IDescriptorProto {
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  const oneofs = type.oneofsArray;
  return {
    name: type.name,
    field: type.fieldsArray.map((field) => fieldOf(type, field, oneofs)),
    nestedType: [...type.nestedArray.filter(isType).map(messageOf), ...maps.map(mapEntryOf)],
    enumType: type.nestedArray.filter((one) => one instanceof protobuf.Enum).map(enumOf),
    oneofDecl: oneofs.map(({ name }) => ({ name })),
  };
}

function fieldOf(
  type: protobuf.Type,
  field: protobuf.Field,
  oneofs: readonly protobuf.OneOf[],
): IFieldDescriptorProto {
  const { name, id: number, partOf } = field;
  const jsonName = jsonNameOf(name);
  const oneof = partOf === null ? {} : { oneofIndex: oneofs.indexOf(partOf) };
  if (field instanceof protobuf.MapField) {
    const typeName = `${type.fullName}.${entryName(field)}`;
    return { name, jsonName, number, label: LABEL.repeated, type: typeNumber("message"), typeName };
  }
  const label = field.repeated ? LABEL.repeated : LABEL.optional;
  return { name, jsonName, number, label, ...typeOf(field), ...oneof };
}

function typeOf(field: protobuf.FieldBase): Pick<IFieldDescriptorProto, "type" | "typeName"> {
  const { resolvedType } = field.resolve();
  if (resolvedType === null) return { type: typeNumber(field.type) };
  const kind = isType(resolvedType) ? "message" : "enum";
  return { type: typeNumber(kind), typeName: resolvedType.fullName };
}

function typeNumber(name: string): number {
  const number = TYPE[name];
  if (number === undefined) throw new Error(`Cannot describe field type: ${name}`);
  return number;
}

/** Source: descriptor.proto, MessageOptions.map_entry. */
function mapEntryOf(field: protobuf.MapField): IDescriptorProto {
  const label = LABEL.optional;
  return {
    name: entryName(field),
    field: [
      { name: "key", number: 1, label, type: typeNumber(field.keyType) },
      { name: "value", number: 2, label, ...typeOf(field) },
    ],
    options: { mapEntry: true },
  };
}

/** `range_end` is `rangeEnd`. Source: protobuf, ToJsonName. */
function jsonNameOf(name: string): string {
  return name.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
}

/** `role_names` is `RoleNamesEntry`. */
function entryName({ name }: protobuf.FieldBase): string {
  return `${name.replaceAll(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
}

function enumOf(declaration: protobuf.Enum): IEnumDescriptorProto {
  const value = Object.entries(declaration.values).map(([name, number]) => ({ name, number }));
  return { name: declaration.name, value };
}

function serviceOf(service: protobuf.Service): IServiceDescriptorProto {
  return {
    name: service.name,
    method: service.methodsArray.map((method) => ({
      name: method.name,
      inputType: nameOf(method.resolvedRequestType),
      outputType: nameOf(method.resolvedResponseType),
      clientStreaming: method.requestStream === true,
      serverStreaming: method.responseStream === true,
    })),
  };
}

function nameOf(type: protobuf.Type | null): string {
  if (type === null) throw new Error("Cannot describe a method: it is not resolved");
  return type.fullName;
}

/** Reflection under the name that it had before. */
function oldNamed(file: IFileDescriptorProto): IFileDescriptorProto {
  const text = JSON.stringify({ ...file, name: "reflection_v1alpha.proto" });
  return JSON.parse(text.replaceAll(REFLECTION, OLD_REFLECTION)) as IFileDescriptorProto;
}

function entryText(file: IFileDescriptorProto): string {
  const scope = `${file.package}.`;
  const services = file.service ?? [];
  const bytes = descriptor.FileDescriptorProto.encode(file).finish();
  return `{
    name: ${JSON.stringify(file.name)},
    imports: ${JSON.stringify(file.dependency)},
    services: ${JSON.stringify(services.map(({ name }) => scope + name))},
    symbols: ${JSON.stringify(symbolsOf(file, scope).join(" "))},
    descriptor: ${JSON.stringify(Buffer.from(bytes).toString("base64"))},
  },\n`;
}

function symbolsOf(file: IFileDescriptorProto, scope: string): string[] {
  const inMessage = (message: IDescriptorProto, outer: string): string[] => {
    const inner = `${outer}${message.name}.`;
    const enums = (message.enumType ?? []).map(({ name }) => inner + name);
    const nested = (message.nestedType ?? []).flatMap((one) => inMessage(one, inner));
    return [outer + message.name, ...enums, ...nested];
  };
  return [
    ...(file.messageType ?? []).flatMap((message) => inMessage(message, scope)),
    ...(file.enumType ?? []).map(({ name }) => scope + name),
    ...(file.service ?? []).flatMap(({ name, method }) =>
      (method ?? []).map((one) => `${scope}${name}.${one.name}`),
    ),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(OUTPUT_FILE, await generateProtoFiles());
}
