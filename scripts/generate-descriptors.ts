/**
 * Makes src/wire/messages/descriptors.ts from proto: what JSON needs to know of messages, which the
 * functions of {@link generateMessages} know without saying it. A file of its own, because most
 * servers never load it.
 */
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import protobuf from "protobufjs";
import { declarationsIn, readProtos, typeName } from "./generate-messages.ts";

const OUTPUT_FILE = "src/wire/messages/descriptors.ts";

/** gRPC's own services have no JSON, and are the only ones with maps. */
const PACKAGES_WITHOUT_JSON = ".grpc.";

/** The text of the generated file, as Prettier leaves it. */
export async function generateDescriptors(): Promise<string> {
  const root = await readProtos();
  const declarations = declarationsIn(root).filter(hasJson);
  const enums = declarations.filter((declaration) => declaration instanceof protobuf.Enum);
  const messages = declarations.filter((declaration) => declaration instanceof protobuf.Type);
  const text = `${BANNER}
    export const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
      ${enums.map((one) => `${typeName(one)}: ${JSON.stringify(one.values)},`).join("\n")}
    };
    export const MESSAGES: Readonly<Record<string, readonly FieldRow[]>> = {
      ${messages.map((one) => `${typeName(one)}: [${fieldRows(one)}],`).join("\n")}
    };
    export const METHODS: Readonly<Record<string, readonly [request: string, response: string]>> = {
      ${methodRows(root).join("\n")}
    };`;
  return format(text, { parser: "typescript", printWidth: 100 });
}

const BANNER = `// Made by scripts/generate-descriptors.ts from proto. Never edited.

  /** A field by its name in proto; \`form\` is "repeated", or the full name of its oneof. */
  export type FieldRow = readonly [name: string, number: number, type: string, form?: string];
`;

function hasJson({ fullName }: protobuf.ReflectionObject): boolean {
  return !fullName.startsWith(PACKAGES_WITHOUT_JSON);
}

/** In the order in which JSON has them. */
function fieldRows(message: protobuf.Type): string {
  const rows = message.fieldsArray.map((field) => {
    if (field.map) throw new Error(`Cannot describe a map: ${field.fullName}`);
    const { resolvedType } = field;
    const type = resolvedType === null ? field.type : typeName(resolvedType);
    const form = field.repeated ? "repeated" : field.partOf?.fullName.slice(1);
    return JSON.stringify([field.name, field.id, type, ...(form === undefined ? [] : [form])]);
  });
  return rows.join(",");
}

function methodRows(namespace: protobuf.NamespaceBase): string[] {
  return namespace.nestedArray.filter(hasJson).flatMap((nested) => {
    if (nested instanceof protobuf.Service) {
      return nested.methodsArray.map((method) => {
        const { resolvedRequestType: request, resolvedResponseType: response } = method;
        if (request === null || response === null) throw new Error(`No types: ${method.fullName}`);
        const path = `/${nested.fullName.slice(1)}/${method.name}`;
        return `${JSON.stringify(path)}: ["${typeName(request)}", "${typeName(response)}"],`;
      });
    }
    return nested instanceof protobuf.Namespace ? methodRows(nested) : [];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(OUTPUT_FILE, await generateDescriptors());
}
