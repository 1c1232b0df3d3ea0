import { readFile } from "node:fs/promises";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";
import t from "tap";
import { generateProtoFiles } from "../../../scripts/generate-proto-files.ts";
import { PROTO_FILES } from "../../../src/server/rpc/proto-files.ts";
import { PROTOS } from "../../wire/reference.ts";

/** Everything that decides what is on the wire, by full name. */
function facts(namespace: protobuf.NamespaceBase): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const nested of namespace.nestedArray) {
    nested.resolve();
    if (nested instanceof protobuf.Enum) found.set(nested.fullName, { ...nested.values });
    if (nested instanceof protobuf.Service) {
      found.set(
        nested.fullName,
        nested.methodsArray.map((method) => {
          method.resolve();
          const { name, resolvedRequestType: input, resolvedResponseType: output } = method;
          const streams = [method.requestStream === true, method.responseStream === true];
          return [name, input?.fullName, output?.fullName, ...streams];
        }),
      );
    }
    if (nested instanceof protobuf.Type && nested.options?.["mapEntry"] !== true) {
      found.set(nested.fullName, nested.fieldsArray.map(fieldFacts));
    }
    if (nested instanceof protobuf.Namespace && !(nested instanceof protobuf.Service)) {
      for (const [name, one] of facts(nested)) found.set(name, one);
    }
  }
  return found;
}

function fieldFacts(field: protobuf.Field): unknown {
  const { name, id, resolvedType } = field.resolve();
  const oneof = field.partOf?.name;
  const isEntry = resolvedType instanceof protobuf.Type && resolvedType.name.endsWith("Entry");
  if (field instanceof protobuf.MapField) return [name, id, field.keyType, resolvedType?.fullName];
  if (isEntry) {
    const [key, value] = resolvedType.fieldsArray.map((one) => one.resolve());
    return [name, id, key?.type, value?.resolvedType?.fullName];
  }
  return [name, id, resolvedType?.fullName ?? field.type, field.repeated, oneof];
}

interface DescribedMessage {
  readonly field: { readonly name: string; jsonName?: string }[];
  readonly nestedType: DescribedMessage[];
}

interface DescribedFile {
  readonly messageType: DescribedMessage[];
}

/** protobufjs would take the names of JSON for the fields' own. */
function forgetJson({ field, nestedType }: DescribedMessage): void {
  for (const one of field) delete one.jsonName;
  nestedType.forEach(forgetJson);
}

function describedBy(files: readonly { readonly descriptor: string }[]): protobuf.Root {
  const file = files.map(({ descriptor: text }) =>
    descriptor.FileDescriptorProto.decode(Buffer.from(text, "base64")),
  );
  for (const { messageType } of file as unknown as DescribedFile[]) messageType.forEach(forgetJson);
  // Made of a set of files, it is a root; its type says less.
  const root = protobuf.Root.fromDescriptor({ file } as never) as unknown as protobuf.Root;
  root.resolveAll();
  return root;
}

t.test("src/server/rpc/proto-files.ts is what the generator makes of proto", async (t) => {
  const committed = await readFile("src/server/rpc/proto-files.ts", "utf8");
  t.equal(committed === (await generateProtoFiles()), true, "if not: npm run generate");
});

t.test("PROTO_FILES describe what proto says", async (t) => {
  const expected = facts(PROTOS);
  t.ok(expected.size > 120, `messages, enums and services: ${expected.size}`);
  const described = facts(describedBy(PROTO_FILES));
  for (const [name, fact] of expected) t.strictSame(described.get(name), fact, name);
  const more = [...described.keys()].filter((name) => !expected.has(name));
  t.ok(
    more.length > 0 && more.every((name) => name.startsWith(".grpc.reflection.v1alpha.")),
    "and the older reflection",
  );
});

t.test("PROTO_FILES name what is in them, and what they need", async (t) => {
  const names = new Set(PROTO_FILES.map(({ name }) => name));
  t.equal(names.size, PROTO_FILES.length);
  for (const file of PROTO_FILES) {
    const { package: scope, dependency } = descriptor.FileDescriptorProto.decode(
      Buffer.from(file.descriptor, "base64"),
    ) as unknown as { package: string; dependency: string[] };
    t.strictSame(file.imports, dependency);
    for (const name of file.imports) t.ok(names.has(name), name);
    const symbols = [...file.services, ...file.symbols.split(" ").filter((one) => one !== "")];
    t.ok(symbols.length > 0);
    for (const symbol of symbols) t.ok(symbol.startsWith(`${scope}.`), symbol);
  }
});
