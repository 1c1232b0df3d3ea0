import fc from "fast-check";
import t from "tap";
import { formatDuration } from "../../src/wire/index.ts";
import {
  DurationError,
  parseBoolean,
  parseDuration,
  parseInteger,
  quote,
} from "../../src/cli/go-values.ts";

t.test("parseBoolean() takes what Go takes and nothing else", (t) => {
  for (const text of ["1", "t", "T", "true", "TRUE", "True"]) {
    t.equal(parseBoolean(text), true, text);
  }
  for (const text of ["0", "f", "F", "false", "FALSE", "False"]) {
    t.equal(parseBoolean(text), false, text);
  }
  for (const text of ["", "yes", "tRUE", " true", "2"]) {
    t.equal(parseBoolean(text), undefined, text);
  }
  t.end();
});

t.test("parseInteger() reads every base, with underscores between digits", (t) => {
  const signed = { signed: true, bits: 64 } as const;
  const cases: readonly (readonly [string, bigint | string])[] = [
    ["0", 0n],
    ["010", 8n],
    ["0o17", 15n],
    ["0x1F", 31n],
    ["0x_1f", 31n],
    ["0b101", 5n],
    ["1_000", 1000n],
    ["+5", 5n],
    ["-0x5", -5n],
    ["-9223372036854775808", -(2n ** 63n)],
    ["9223372036854775808", "range"],
    ["", "syntax"],
    ["0_80", "syntax"],
    ["0x", "syntax"],
    ["1__0", "syntax"],
    ["_1", "syntax"],
    ["1_", "syntax"],
    ["1e3", "syntax"],
    ["1.0", "syntax"],
    [" 1", "syntax"],
    ["08", "syntax"],
  ];
  for (const [text, expected] of cases) {
    t.equal(parseInteger(text, signed), expected, text);
  }
  t.end();
});

t.test("parseInteger() of unsigned numbers refuses a sign and what does not fit", (t) => {
  t.equal(parseInteger("+5", { signed: false, bits: 64 }), "syntax");
  t.equal(parseInteger("-5", { signed: false, bits: 64 }), "syntax");
  t.equal(parseInteger("18446744073709551615", { signed: false, bits: 64 }), 2n ** 64n - 1n);
  t.equal(parseInteger("18446744073709551616", { signed: false, bits: 64 }), "range");
  t.equal(parseInteger("4294967296", { signed: false, bits: 32 }), "range");
  t.end();
});

t.test("parseInteger() reads what a number is written as in every base", (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const texts = [
        value.toString(),
        `0x${value.toString(16)}`,
        `0b${value.toString(2)}`,
        `0o${value.toString(8)}`,
        `0${value.toString(8)}`,
      ];
      return texts.every((text) => parseInteger(text, { signed: false, bits: 64 }) === value);
    }),
  );
  t.pass("for any number");
  t.end();
});

t.test("parseDuration() reads all units, fractions and signs", (t) => {
  const cases: readonly (readonly [string, bigint])[] = [
    ["0", 0n],
    ["+0", 0n],
    ["1ns", 1n],
    ["1us", 1_000n],
    ["1\u00b5s", 1_000n],
    ["1\u03bcs", 1_000n],
    ["1.5s", 1_500_000_000n],
    [".5s", 500_000_000n],
    ["1.s", 1_000_000_000n],
    ["1h1h", 7_200_000_000_000n],
    ["-1.5h3m", -5_580_000_000_000n],
    ["2562047h47m16.854775807s", 2n ** 63n - 1n],
    ["-2562047h47m16.854775808s", -(2n ** 63n)],
  ];
  for (const [text, expected] of cases) {
    t.equal(parseDuration(text), expected, text);
  }
  t.end();
});

t.test("parseDuration() refuses with Go's texts", (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ["", 'time: invalid duration ""'],
    ["-", 'time: invalid duration "-"'],
    ["foo", 'time: invalid duration "foo"'],
    [".s", 'time: invalid duration ".s"'],
    ["5", 'time: missing unit in duration "5"'],
    ["1d", 'time: unknown unit "d" in duration "1d"'],
    ["2562047h47m16.854775808s", 'time: invalid duration "2562047h47m16.854775808s"'],
  ];
  for (const [text, message] of cases) {
    t.throws(() => parseDuration(text), new DurationError(message), text);
  }
  t.end();
});

t.test("parseDuration() reads back any duration that formatDuration() writes", (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      (durationNs) => parseDuration(formatDuration(durationNs)) === durationNs,
    ),
  );
  t.pass("for any duration");
  t.end();
});

t.test("quote() escapes as Go does", (t) => {
  t.equal(quote("a"), '"a"');
  t.equal(quote('a"b\\c'), '"a\\"b\\\\c"');
  t.equal(quote("\n\t\u0001\u007f"), '"\\n\\t\\x01\\x7f"');
  t.equal(quote("\u00e9"), '"\u00e9"');
  t.end();
});
