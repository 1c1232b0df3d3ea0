/** Whole numbers of JSON, exactly; `1e3` and `1.0` are some. */

const RANGES = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

/** Digits that a number may have before it is made. */
const DIGITS_MAX = 20;

/**
 * Undefined for what is no whole number, or none of this type.
 * Source: google.golang.org/protobuf internal/encoding/json/decode_number.go, normalizeToIntString.
 */
export function integerOf(text: string, type: keyof typeof RANGES): bigint | undefined {
  const match = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([0-9]*|[-+][0-9]+))?$/u.exec(text);
  if (match === null) return undefined;
  const [, sign = "", digits = "", decimals = "", power = ""] = match;
  const whole = digits === "0" ? "" : digits;
  const fraction = withoutZeros(decimals);
  if (whole === "" && fraction === "") return 0n;
  const exponent = Number(power);
  if (Math.abs(exponent) > 2 ** 31) return undefined;
  const shifted =
    exponent < 0 ? shiftedDown(whole, fraction, -exponent) : shiftedUp(whole, fraction, exponent);
  if (shifted === undefined || shifted.length > DIGITS_MAX) return undefined;
  const value = BigInt(`${sign === "" || shifted === "" ? "" : "-"}${shifted || "0"}`);
  const [least, greatest] = RANGES[type];
  return value < least || value > greatest ? undefined : value;
}

/** Without those at the end. A regular expression looks for them from every zero on: for ever. */
function withoutZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

function shiftedUp(whole: string, fraction: string, exponent: number): string | undefined {
  if (fraction.length > exponent || whole.length + exponent > DIGITS_MAX) return undefined;
  return whole + fraction + "0".repeat(exponent - fraction.length);
}

function shiftedDown(whole: string, fraction: string, exponent: number): string | undefined {
  const end = whole.length - exponent;
  if (fraction !== "" || end < 0 || !/^0*$/u.test(whole.slice(end))) return undefined;
  return whole.slice(0, end);
}
