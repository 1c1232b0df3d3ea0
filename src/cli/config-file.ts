/**
 * Settings from a file, YAML or JSON, in the shape that etcd gives it: keys are names of flags,
 * durations are whole nanoseconds, URLs are one text with commas, and TLS, discovery and socket
 * options are maps of their own. Unknown keys mean nothing.
 * Source: etcd server/embed/config.go, ConfigFromFile and the tags of Config.
 */
import { readFile } from "node:fs/promises";
import { flagDefinition, flagNames } from "./flag-table.ts";
import type { FlagName } from "./flag-table.ts";
import type { FlagKind } from "./flag-values.ts";
import { Settings } from "./flags.ts";

/** A file that cannot be read or says what no setting can be. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

/** What a file said. */
export interface ConfigFile {
  readonly settings: Settings;
  /** Settings without a flag that ask for protection which is not built yet, by their keys. */
  readonly unbuilt: readonly string[];
  /** Common names of which a client's certificate must have one; there is no flag for them. */
  readonly clientCommonNames: readonly string[];
}

/** The one key without a flag that is built. */
const CLIENT_COMMON_NAMES_KEY = "client-transport-security.allowed-cn";

/** Flags that a file has no key for at its top. */
const FLAGS_WITHOUT_KEY: ReadonlySet<FlagName> = new Set<FlagName>([
  "config-file",
  "version",
  "discovery-fallback",
  "raft-read-timeout",
  "raft-write-timeout",
  // Source: etcd server/etcdmain/config.go, which puts its own value over it.
  "v2-deprecation",
]);

/** Keys of the maps in a file, and the flags they stand for; "" where there is no flag. */
const NESTED_KEYS: Readonly<Record<string, Readonly<Record<string, FlagName | "">>>> = {
  "client-transport-security": {
    "cert-file": "cert-file",
    "key-file": "key-file",
    "client-cert-file": "client-cert-file",
    "client-key-file": "client-key-file",
    "client-cert-auth": "client-cert-auth",
    "trusted-ca-file": "trusted-ca-file",
    "auto-tls": "auto-tls",
    "allowed-cn": "",
    "allowed-hostname": "client-cert-allowed-hostname",
  },
  "peer-transport-security": {
    "cert-file": "peer-cert-file",
    "key-file": "peer-key-file",
    "client-cert-file": "peer-client-cert-file",
    "client-key-file": "peer-client-key-file",
    "client-cert-auth": "peer-client-cert-auth",
    "trusted-ca-file": "peer-trusted-ca-file",
    "auto-tls": "peer-auto-tls",
    "allowed-cn": "peer-cert-allowed-cn",
    "allowed-hostname": "peer-cert-allowed-hostname",
    "skip-client-san-verification": "peer-skip-client-san-verification",
  },
  "socket-options": {
    "reuse-port": "socket-reuse-port",
    "reuse-address": "socket-reuse-address",
  },
  "discovery-config": { token: "", client: "" },
};

/** Flags that are keys inside one of the maps, so that they mean nothing at the top. */
const NESTED_FLAG_PATTERN =
  /^(?:discovery-(?!srv)|peer-|socket-|(?:client-)?(?:cert|key)-file$|client-c|trusted-ca-|auto-tls$)/;

/**
 * Reads a file.
 *
 * @throws ConfigFileError
 */
export async function loadConfigFile(path: string): Promise<ConfigFile> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConfigFileError(openProblem(path, cause), { cause });
  });
  return readConfig(await parseYaml(text));
}

/** Words as Go puts them: `open <path>: no such file or directory`. */
function openProblem(path: string, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const words: Readonly<Record<string, string>> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EISDIR: "is a directory",
  };
  return `open ${path}: ${words[code] ?? (code || String(cause))}`;
}

/** Loaded only here, so that a start without a file does not pay for the parser. */
async function parseYaml(text: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  // Version 1.1, repeated keys and large integers as etcd's own parser takes them.
  const document = parseDocument(text, {
    version: "1.1",
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split("\n").length;
    throw new ConfigFileError(
      `error converting YAML to JSON: yaml: line ${line}: ${problem.message}`,
      { cause: problem },
    );
  }
  return document.toJS();
}

/** Takes settings from the content of a file. */
function readConfig(content: unknown): ConfigFile {
  const settings = new Settings();
  const unbuilt: string[] = [];
  const clientCommonNames: string[] = [];
  if (content === null || content === undefined) {
    return { settings, unbuilt, clientCommonNames };
  }
  if (!isMap(content)) {
    throw typeProblem(content, "the whole file", "map");
  }
  const names = new Map<string, FlagName>(
    flagNames()
      .filter((name) => !NESTED_FLAG_PATTERN.test(name) && !FLAGS_WITHOUT_KEY.has(name))
      .map((name) => [name, name]),
  );
  for (const [key, value] of Object.entries(content)) {
    // Source: Go encoding/json, which finds keys whatever the case of their letters.
    const name = names.get(key.toLowerCase());
    const nested = Object.hasOwn(NESTED_KEYS, key.toLowerCase())
      ? NESTED_KEYS[key.toLowerCase()]
      : undefined;
    if (name !== undefined) {
      take(settings, name, { key, value });
    } else if (nested !== undefined && value !== null) {
      if (!isMap(value)) {
        throw typeProblem(value, key, "map");
      }
      takeNested(settings, nested, { key, value, unbuilt, clientCommonNames });
    }
  }
  return { settings, unbuilt, clientCommonNames };
}

interface NestedInput {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Gets the keys that have no flag and do say something. */
  readonly unbuilt: string[];
  readonly clientCommonNames: string[];
}

function takeNested(
  settings: Settings,
  names: Readonly<Record<string, FlagName | "">>,
  input: NestedInput,
): void {
  for (const [innerKey, value] of Object.entries(input.value)) {
    const key = `${input.key}.${innerKey}`;
    const name = Object.hasOwn(names, innerKey.toLowerCase())
      ? names[innerKey.toLowerCase()]
      : undefined;
    if (key.toLowerCase() === CLIENT_COMMON_NAMES_KEY && Array.isArray(value)) {
      const names = value.map((item: unknown) => textOf(item, key, "string"));
      input.clientCommonNames.push(...names);
    } else if (name === "" && !isEmpty(value)) {
      input.unbuilt.push(key);
    } else if (name !== undefined && name !== "") {
      take(settings, name, { key, value });
    }
  }
}

/** Sets one flag from a value of a file; `null` leaves it alone. */
function take(
  settings: Settings,
  name: FlagName,
  input: { readonly key: string; readonly value: unknown },
): void {
  const { key, value } = input;
  if (value === null || value === undefined) {
    return;
  }
  const { kind } = flagDefinition(name);
  const text = textOf(value, key, expectedType(name, kind));
  // An empty text is no setting for those flags that etcd parses further.
  if (text === "" && kind !== "string" && kind !== "list") {
    return;
  }
  const problem = settings.set(name, text);
  if (problem !== undefined) {
    throw new ConfigFileError(refusal(name, value, problem));
  }
}

/** etcd's words, which differ by what the flag is. */
function refusal(name: FlagName, value: unknown, problem: string): string {
  const { kind } = flagDefinition(name);
  if (kind === "urls" || kind === "origins") {
    return `unexpected error setting up ${name}: ${problem}`;
  }
  if (kind === "choice") {
    return `unexpected clusterState ${JSON.stringify(value)}`;
  }
  return kind === "gates" ? problem : typeProblem(value, name, GO_TYPES[kind]).message;
}

/** What a value of each kind is called in etcd's messages. */
const GO_TYPES: Readonly<Record<FlagKind, string>> = {
  string: "string",
  boolean: "bool",
  int: "int",
  int64: "int64",
  uint: "uint",
  uint64: "uint64",
  uint32: "uint32",
  duration: "time.Duration",
  urls: "string",
  origins: "string",
  list: "[]string",
  set: "[]string",
  choice: "string",
  choices: "string",
  gates: "string",
};

function expectedType(name: FlagName, kind: FlagKind): string {
  return name === "host-whitelist" ? "string" : GO_TYPES[kind];
}

/** The value as its flag would take it, once its type is the one expected. */
function textOf(value: unknown, key: string, type: string): string {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : mismatch(value, key, type);
    case "bool":
      return typeof value === "boolean" ? String(value) : mismatch(value, key, type);
    case "[]string":
      return Array.isArray(value)
        ? value.map((item: unknown) => textOf(item, key, "string")).join(",")
        : mismatch(value, key, type);
    case "time.Duration":
      return isInteger(value) ? `${String(value)}ns` : mismatch(value, key, type);
    default:
      return isInteger(value) ? String(value) : mismatch(value, key, type);
  }
}

/** Whether a value says nothing, as far as Go can tell. */
function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function isInteger(value: unknown): value is bigint | number {
  return typeof value === "bigint" || Number.isInteger(value);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mismatch(value: unknown, key: string, type: string): never {
  throw typeProblem(value, key, type);
}

/** The message of Go encoding/json, without the names of Go's structures. */
function typeProblem(value: unknown, key: string, type: string): ConfigFileError {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const wantsNumber = /^u?int|Duration$/.test(type);
  const found = isNumber
    ? `number${wantsNumber ? ` ${String(value)}` : ""}`
    : Array.isArray(value)
      ? "array"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;
  return new ConfigFileError(
    "error unmarshaling JSON: while decoding JSON: json: " +
      `cannot unmarshal ${found} into field ${key} of type ${type}`,
  );
}
