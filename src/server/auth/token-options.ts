/** `--auth-token`: a kind of tokens, and after commas its options. */

export interface TokenOptions {
  /** Empty: there are no tokens. */
  readonly type: "" | "simple" | "jwt";
  readonly fields: ReadonlyMap<string, string>;
}

/** What etcd says of options that it does not understand. */
export const INVALID_OPTIONS = "auth: invalid auth options";

/** Throws Error. Source: etcd server/auth/store.go, decomposeOpts and NewTokenProvider. */
export function parseTokenOptions(text: string): TokenOptions {
  const [type = "", ...pairs] = text.split(",");
  const fields = new Map<string, string>();
  for (const pair of pairs) {
    const [name = "", value, ...more] = pair.split("=");
    if (value === undefined || more.length > 0 || fields.has(name))
      throw new Error(INVALID_OPTIONS);
    fields.set(name, value);
  }
  if (type !== "" && type !== "simple" && type !== "jwt") throw new Error(INVALID_OPTIONS);
  return { type, fields };
}
