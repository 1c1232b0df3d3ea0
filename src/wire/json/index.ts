/** Messages as JSON. Loaded by {@link loadJson}: most servers never need it. */
import { METHODS } from "../messages/descriptors.ts";
import { STREAM_METHODS, UNARY_METHODS } from "../methods.ts";
import type { Method } from "../methods.ts";
import { descriptorOf } from "./descriptor.ts";
import type { MessageDescriptor } from "./descriptor.ts";

export { JsonError } from "./json-error.ts";
export { JsonValues } from "./json-values.ts";
export { readJson } from "./read-json.ts";
export { writeJson } from "./write-json.ts";
export type { MessageDescriptor } from "./descriptor.ts";

/** What a method takes and answers. Throws for a method that JSON does not know. */
export function jsonTypesOf(method: Method): {
  readonly request: MessageDescriptor;
  readonly response: MessageDescriptor;
} {
  const path = { ...UNARY_METHODS, ...STREAM_METHODS }[method];
  const types = METHODS[path];
  if (types === undefined) throw new Error(`Cannot find types of method: ${method}`);
  return { request: descriptorOf(types[0]), response: descriptorOf(types[1]) };
}
