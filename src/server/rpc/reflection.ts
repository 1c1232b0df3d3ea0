/**
 * Server reflection: tells clients which services, methods and messages there are, so that they need no
 * proto files. The same for everybody; no key and no user is in it.
 *
 * Source: grpc-go, reflection/internal/reflection.go.
 */
import { STATUS, messages } from "../../wire/index.ts";
import { PROTO_FILES } from "./proto-files.ts";
import type { ProtoFile } from "./proto-files.ts";

const BY_NAME = new Map(PROTO_FILES.map((file) => [file.name, file]));
const BY_SYMBOL = new Map(
  PROTO_FILES.flatMap((file) =>
    [...file.services, ...file.symbols.split(" ")].map((symbol) => [symbol, file] as const),
  ),
);
const SERVICES = PROTO_FILES.flatMap(({ services }) => services).toSorted();

type Response = messages.ServerReflectionResponseInit;

/** Answers one request. Throws EtcdError when it is no message. */
export function answerReflection(bytes: Uint8Array): Uint8Array {
  const originalRequest = messages.decodeServerReflectionRequest(bytes);
  const response = answer(originalRequest);
  const validHost = originalRequest.host;
  return messages.encodeServerReflectionResponse({ validHost, originalRequest, ...response });
}

function answer(request: messages.ServerReflectionRequest): Response {
  const { fileByFilename: fileName, fileContainingSymbol: symbol } = request;
  if (request.listServices !== undefined) {
    return { listServicesResponse: { service: SERVICES.map((name) => ({ name })) } };
  }
  if (fileName !== undefined) {
    const file = BY_NAME.get(fileName);
    return file === undefined ? notFound(`file "${fileName}"`) : fileAnswer(file);
  }
  if (symbol !== undefined) {
    const file = BY_SYMBOL.get(symbol);
    return file === undefined ? notFound(`symbol "${symbol}"`) : fileAnswer(file);
  }
  const baseTypeName = request.allExtensionNumbersOfType;
  if (baseTypeName !== undefined) {
    if (!BY_SYMBOL.has(baseTypeName)) return notFound(`message "${baseTypeName}"`);
    return { allExtensionNumbersResponse: { baseTypeName } };
  }
  const extension = request.fileContainingExtension;
  if (extension !== undefined) return notFound(`extension of "${extension.containingType}"`);
  const errorMessage = "invalid MessageRequest";
  return { errorResponse: { errorCode: STATUS.invalidArgument, errorMessage } };
}

/** A file and all that it needs, itself first. */
function fileAnswer(file: ProtoFile): Response {
  const needed = new Set([file]);
  // A set's iterator sees what is added meanwhile.
  for (const { imports } of needed) for (const name of imports) needed.add(BY_NAME.get(name)!);
  const fileDescriptorProto = [...needed].map(({ descriptor }) =>
    Buffer.from(descriptor, "base64"),
  );
  return { fileDescriptorResponse: { fileDescriptorProto } };
}

function notFound(what: string): Response {
  const errorMessage = `etcdlet: not found: ${what}`;
  return { errorResponse: { errorCode: STATUS.notFound, errorMessage } };
}
