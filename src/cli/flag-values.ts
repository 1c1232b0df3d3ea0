/** The kinds of values that flags take: how each is read, written, and what its errors say. */
import { formatFeatureGates, parseFeatureGates } from "./feature-gates.ts";
import type { FeatureGateSettings } from "./feature-gates.ts";
import { formatDuration } from "../wire/index.ts";
import { parseBoolean, parseDuration, parseInteger, quote } from "./go-values.ts";
import { parseServiceUrls } from "./service-url.ts";
import type { ServiceUrl } from "./service-url.ts";

/** What a flag of each kind holds. */
export interface ValueOfKind {
  readonly string: string;
  readonly boolean: boolean;
  readonly int: number;
  /** Beyond 2^53 the nearest number that exists; only ever used as a bound. */
  readonly int64: number;
  readonly uint: number;
  readonly uint64: number;
  readonly uint32: number;
  /** Nanoseconds. */
  readonly duration: bigint;
  /** Sorted, without duplicates. */
  readonly urls: readonly ServiceUrl[];
  /** URLs, or `*` for all. */
  readonly origins: string;
  /** Texts between commas, in the order given. */
  readonly list: readonly string[];
  /** Texts between commas, sorted, without duplicates. */
  readonly set: readonly string[];
  /** One of the flag's `choices`. */
  readonly choice: string;
  /** Some of the flag's `choices`. */
  readonly choices: readonly string[];
  readonly gates: FeatureGateSettings;
}

/** What kinds of values there are. */
export type FlagKind = keyof ValueOfKind;

/** A value of some flag. */
export type FlagValue = ValueOfKind[FlagKind];

/** What it takes to read a flag's value. */
export interface FlagForm {
  readonly kind: FlagKind;
  /** The default, as a user would write it. */
  readonly preset: string;
  /** What a `choice` may be. */
  readonly choices?: readonly string[];
}

/** A text that is no value for its flag; the message says why, as etcd does. */
export class FlagValueError extends Error {
  override readonly name = "FlagValueError";
}

/**
 * Reads a flag's value.
 *
 * Returns `undefined` where etcd leaves the value as it was: an empty text for a list of URLs.
 *
 * @throws FlagValueError
 */
export function parseFlagValue(form: FlagForm, text: string): FlagValue | undefined {
  switch (form.kind) {
    case "string":
      return text;
    case "boolean":
      return parseBoolean(text) ?? refuse("parse error");
    case "int":
    case "int64":
      return integer(text, true);
    case "uint":
    case "uint64":
      return integer(text, false);
    case "uint32":
      return unsigned32(text);
    case "duration":
      return attempt(() => parseDuration(text), "parse error");
    case "urls":
      return text === "" ? undefined : attempt(() => parseServiceUrls(text));
    case "origins":
      return text === "*" ? text : attempt(() => parseServiceUrls(text).map(urlText).join(","));
    case "list":
      return text.split(",");
    case "set":
      return [...new Set(text.split(","))].sort();
    case "choice":
      return form.choices?.includes(text) === true ? text : refuse("invalid value");
    case "choices":
      return choices(form, text);
    case "gates":
      return attempt(() => parseFeatureGates(text));
  }
}

/** The default of a flag. */
export function presetValue(form: FlagForm): FlagValue {
  const isList = form.kind === "urls" || form.kind === "list" || form.kind === "set";
  if (form.preset === "" && (isList || form.kind === "choices")) {
    return [];
  }
  return parseFlagValue(form, form.preset) ?? [];
}

/** Writes a value so that {@link parseFlagValue} gives it back. */
export function formatFlagValue(kind: FlagKind, value: FlagValue): string {
  if (typeof value === "bigint") {
    return kind === "duration" ? formatDuration(value) : value.toString();
  }
  if (typeof value !== "object") {
    return String(value);
  }
  if (isGates(value)) {
    return formatFeatureGates(value);
  }
  return value.map((item) => (typeof item === "string" ? item : urlText(item))).join(",");
}

function isGates(value: object): value is FeatureGateSettings {
  return value instanceof Map;
}

function urlText(url: ServiceUrl): string {
  return url.text;
}

function integer(text: string, signed: boolean): number {
  const value = parseInteger(text, { signed, bits: 64 });
  if (typeof value === "bigint") {
    return Number(value);
  }
  return refuse(value === "range" ? "value out of range" : "parse error");
}

/** Source: etcd pkg/flags/uint32.go, which lets Go's own error through. */
function unsigned32(text: string): number {
  const value = parseInteger(text, { signed: false, bits: 32 });
  if (typeof value === "bigint") {
    return Number(value);
  }
  const problem = value === "range" ? "value out of range" : "invalid syntax";
  return refuse(`strconv.ParseUint: parsing ${quote(text)}: ${problem}`);
}

function choices(form: FlagForm, text: string): readonly string[] {
  const chosen = text.split(",");
  for (const choice of chosen) {
    if (form.choices?.includes(choice) !== true) {
      refuse(`invalid value ${quote(choice)}`);
    }
  }
  return chosen.sort();
}

function refuse(message: string): never {
  throw new FlagValueError(message);
}

/** Runs a reader whose errors carry the message, unless another one is to be shown. */
function attempt<Value>(read: () => Value, message?: string): Value {
  try {
    return read();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new FlagValueError(message ?? text, { cause });
  }
}
