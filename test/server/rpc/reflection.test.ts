import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";
import t from "tap";
import { answerReflection } from "../../../src/server/rpc/reflection.ts";
import { STREAM_METHODS, UNARY_METHODS, messages } from "../../../src/wire/index.ts";

function ask(request: messages.ServerReflectionRequestInit): messages.ServerReflectionResponse {
  const bytes = messages.encodeServerReflectionRequest({ host: "here", ...request });
  const response = messages.decodeServerReflectionResponse(answerReflection(bytes));
  t.equal(response.validHost, "here");
  t.match(response.originalRequest, request);
  return response;
}

function filesFor(symbol: string): string[] {
  const { fileDescriptorResponse } = ask({ fileContainingSymbol: symbol });
  return (fileDescriptorResponse?.fileDescriptorProto ?? []).map(
    (bytes) =>
      (
        descriptor.FileDescriptorProto.decode(bytes) as protobuf.Message<{ name: string }> & {
          name: string;
        }
      ).name,
  );
}

t.test("Reflection lists the services that are served, and no others", async (t) => {
  const { listServicesResponse } = ask({ listServices: "*" });
  const paths = [...Object.values(UNARY_METHODS), ...Object.values(STREAM_METHODS)];
  const served = new Set(paths.map((path) => path.split("/")[1] ?? ""));
  t.strictSame(
    listServicesResponse?.service.map(({ name }) => name),
    [...served].toSorted(),
  );
});

t.test("Reflection knows every method that is served", async (t) => {
  const paths = [...Object.values(UNARY_METHODS), ...Object.values(STREAM_METHODS)];
  for (const path of paths) {
    const symbol = path.slice(1).replace("/", ".");
    t.ok(filesFor(symbol).length > 0, symbol);
  }
});

t.test("Reflection answers with a file and all that it needs", async (t) => {
  t.strictSame(filesFor("mvccpb.Event.EventType"), ["kv.proto"]);
  const all = filesFor("v3lockpb.Lock");
  t.equal(all[0], "lock.proto", "itself first");
  t.strictSame(all.toSorted(), ["auth.proto", "kv.proto", "lock.proto", "rpc.proto"]);
  const { fileDescriptorResponse } = ask({ fileByFilename: "lock.proto" });
  t.equal(fileDescriptorResponse?.fileDescriptorProto.length, 4);
});

t.test("Reflection says what it does not know", async (t) => {
  for (const request of [
    { fileByFilename: "nope.proto" },
    { fileContainingSymbol: "etcdserverpb.Nope" },
    { fileContainingExtension: { containingType: "mvccpb.Event", extensionNumber: 7 } },
    { allExtensionNumbersOfType: "nope" },
  ]) {
    const { errorResponse } = ask(request);
    t.equal(errorResponse?.errorCode, 5);
    t.match(errorResponse?.errorMessage, /^etcdlet: not found: /);
  }
  t.equal(ask({}).errorResponse?.errorCode, 3);
  const { allExtensionNumbersResponse } = ask({ allExtensionNumbersOfType: "mvccpb.Event" });
  t.strictSame(allExtensionNumbersResponse, {
    baseTypeName: "mvccpb.Event",
    extensionNumber: [],
  });
});
