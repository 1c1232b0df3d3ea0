import protobuf from "protobufjs";
import t from "tap";
import { SINGLE_REQUEST_METHODS, STREAM_METHODS, UNARY_METHODS } from "../../src/wire/index.ts";
import type { StreamMethod } from "../../src/wire/index.ts";
import { PROTOS } from "./reference.ts";

interface Declared {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

t.test("UNARY_METHODS are the methods of proto without streams", async (t) => {
  const unary = declared().filter((one) => !one.requestStream && !one.responseStream);
  t.strictSame(Object.values(UNARY_METHODS).toSorted(), pathsOf(unary));
});

t.test("STREAM_METHODS are the methods of proto with streams", async (t) => {
  const streams = declared().filter((one) => one.requestStream || one.responseStream);
  const { oldReflection, ...others } = STREAM_METHODS;
  t.strictSame(Object.values(others).toSorted(), pathsOf(streams));
  t.equal(oldReflection, others.reflection.replace(".v1.", ".v1alpha."), "made from the newer one");
});

t.test("SINGLE_REQUEST_METHODS are those whose requests do not stream", async (t) => {
  const single = declared().filter((one) => !one.requestStream && one.responseStream);
  const paths = [...SINGLE_REQUEST_METHODS].map((method: StreamMethod) => STREAM_METHODS[method]);
  t.strictSame(paths.toSorted(), pathsOf(single));
});

t.test("each method is named for the last part of its path", async (t) => {
  /** Where that says too little alone, or is there twice. */
  const lastParts: Readonly<Record<string, string>> = {
    healthCheck: "Check",
    healthList: "List",
    healthWatch: "Watch",
    reflection: "ServerReflectionInfo",
    oldReflection: "ServerReflectionInfo",
  };
  for (const [name, path] of Object.entries({ ...UNARY_METHODS, ...STREAM_METHODS })) {
    const expected = lastParts[name] ?? `${name[0]?.toUpperCase()}${name.slice(1)}`;
    t.equal(path.split("/")[2], expected, name);
  }
});

function pathsOf(methods: readonly Declared[]): string[] {
  return methods.map((one) => one.path).toSorted();
}

function declared(): Declared[] {
  return servicesIn(PROTOS).flatMap((service) =>
    service.methodsArray.map((method) => ({
      path: `/${service.fullName.slice(1)}/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
    })),
  );
}

function servicesIn(namespace: protobuf.NamespaceBase): protobuf.Service[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Service) return [nested];
    return nested instanceof protobuf.Namespace ? servicesIn(nested) : [];
  });
}
