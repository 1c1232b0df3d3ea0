/**
 * Values written as Go writes them: etcd's flags are parsed by Go's `flag` and `strconv` packages,
 * and scripts, unit files and test suites rely on what those accept.
 */

/** Why a text is not an integer, in the two ways that Go tells apart. */
export type IntegerProblem = "syntax" | "range";

/** What an integer may be. */
export interface IntegerForm {
  readonly signed: boolean;
  readonly bits: 32 | 64;
}

const TRUE_TEXTS = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE_TEXTS = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** Reads a boolean; `undefined` when it is none. Source: Go strconv.ParseBool. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE_TEXTS.has(text)) {
    return true;
  }
  return FALSE_TEXTS.has(text) ? false : undefined;
}

/** Digits with `_` between them, and a prefix for the base. Source: Go strconv.ParseInt, base 0. */
const INTEGER_PATTERN =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const BARE_OCTAL_PATTERN = /^0[0-7]+$/;

/** Reads an integer in base 2, 8, 10 or 16. Only signed ones may carry a sign. */
export function parseInteger(text: string, form: IntegerForm): bigint | IntegerProblem {
  const sign = form.signed && /^[+-]/.test(text) ? text.charAt(0) : "";
  const body = text.slice(sign.length);
  if (!INTEGER_PATTERN.test(body)) {
    return "syntax";
  }
  const digits = body.replaceAll("_", "");
  const magnitude = BigInt(BARE_OCTAL_PATTERN.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = sign === "-" ? -magnitude : magnitude;
  const wrapped = form.signed ? BigInt.asIntN(form.bits, value) : BigInt.asUintN(form.bits, value);
  return wrapped === value ? value : "range";
}

/** Nanoseconds per unit, in the order in which Go lists them. Source: Go time.ParseDuration. */
const DURATION_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n],
  ["\u03bcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

/** Largest duration, nanoseconds. Source: Go time.Duration is an int64. */
const DURATION_NS_MAX = 2n ** 63n - 1n;

/** A text that is not a duration; the message is Go's own. */
export class DurationError extends Error {
  override readonly name = "DurationError";
}

/**
 * Reads a duration such as `1h30m`, `1.5s` or `0` into nanoseconds.
 *
 * @throws DurationError
 */
export function parseDuration(text: string): bigint {
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") {
    return 0n;
  }
  const invalid = `time: invalid duration ${quote(text)}`;
  if (body === "") {
    throw new DurationError(invalid);
  }
  // One part: digits, a fraction, and a unit; each part starts where the last one ended.
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  let total = 0n;
  while (part.lastIndex < body.length) {
    const [, whole = "", fraction = "", unit = ""] = part.exec(body) ?? [];
    if (whole === "" && fraction === "") {
      throw new DurationError(invalid);
    }
    if (unit === "") {
      throw new DurationError(`time: missing unit in duration ${quote(text)}`);
    }
    const unitNs = DURATION_UNITS.get(unit);
    if (unitNs === undefined) {
      throw new DurationError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    total += BigInt(whole || "0") * unitNs;
    total += (BigInt(fraction || "0") * unitNs) / 10n ** BigInt(fraction.length);
    if (total > DURATION_NS_MAX + (negative ? 1n : 0n)) {
      throw new DurationError(invalid);
    }
  }
  return negative ? -total : total;
}

/** Characters that Go has names for, and how it writes them. Source: Go strconv.Quote. */
export const QUOTE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);

/** Puts a text in double quotes for a message. Source: Go strconv.Quote, for its ASCII part. */
export function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must be escaped
  const escaped = text.replace(/[\u0000-\u001f"\\\u007f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return QUOTE_ESCAPES.get(character) ?? `\\x${code}`;
  });
  return `"${escaped}"`;
}
