import type { RequestHead } from "./http2/index.ts";

/**
 * First value of a metadata key, given in lower case. Those whose name ends in `-bin` are bytes, one
 * character each.
 */
export function metadataOf(head: RequestHead, name: string): string | undefined {
  // All calls with the same head are asked for the same.
  if (head.askedName !== name) {
    head.askedValue = valueOf(head, name);
    head.askedName = name;
  }
  return head.askedValue;
}

function valueOf(head: RequestHead, name: string): string | undefined {
  for (const field of head.fields) {
    if (field.name !== name) continue;
    if (!name.endsWith("-bin")) return field.value;
    return Buffer.from(field.value, "base64").toString("latin1");
  }
  return undefined;
}
