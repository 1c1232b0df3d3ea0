import fc from "fast-check";
import t from "tap";
import { formatDuration } from "../../src/wire/index.ts";
import {
  FlagValueError,
  formatFlagValue,
  parseFlagValue,
  presetValue,
} from "../../src/cli/flag-values.ts";
import type { FlagForm } from "../../src/cli/flag-values.ts";

t.test("parseFlagValue() refuses with etcd's texts", (t) => {
  const cases: readonly (readonly [FlagForm, string, string])[] = [
    [{ kind: "boolean", preset: "false" }, "maybe", "parse error"],
    [{ kind: "int", preset: "0" }, "x", "parse error"],
    [{ kind: "int64", preset: "0" }, "9223372036854775808", "value out of range"],
    [{ kind: "uint", preset: "0" }, "-1", "parse error"],
    [{ kind: "uint64", preset: "0" }, "18446744073709551616", "value out of range"],
    [{ kind: "uint32", preset: "0" }, "abc", 'strconv.ParseUint: parsing "abc": invalid syntax'],
    [
      { kind: "uint32", preset: "0" },
      "99999999999",
      'strconv.ParseUint: parsing "99999999999": value out of range',
    ],
    [{ kind: "duration", preset: "0s" }, "5", "parse error"],
    [{ kind: "urls", preset: "" }, "foo", "URL scheme must be http, https, unix, or unixs: foo"],
    [{ kind: "origins", preset: "*" }, "", "URL scheme must be http, https, unix, or unixs: "],
    [{ kind: "choice", preset: "a", choices: ["a", "b"] }, "c", "invalid value"],
    [{ kind: "choices", preset: "a", choices: ["a", "b"] }, "a,c", 'invalid value "c"'],
    [{ kind: "gates", preset: "" }, "Foo=true", "unrecognized feature gate: Foo"],
  ];
  for (const [form, text, message] of cases) {
    t.throws(() => parseFlagValue(form, text), new FlagValueError(message), form.kind);
  }
  t.end();
});

t.test("parseFlagValue() of lists keeps or sorts, by their kind", (t) => {
  t.same(parseFlagValue({ kind: "list", preset: "" }, "b,a,b"), ["b", "a", "b"]);
  t.same(parseFlagValue({ kind: "set", preset: "" }, "b,a,b"), ["a", "b"]);
  t.equal(parseFlagValue({ kind: "urls", preset: "" }, ""), undefined, "leaves URLs as they were");
  t.equal(parseFlagValue({ kind: "origins", preset: "*" }, "*"), "*");
  t.end();
});

t.test("presetValue() of lists without a default is empty", (t) => {
  for (const kind of ["urls", "list", "set", "choices"] as const) {
    t.same(presetValue({ kind, preset: "" }), [], kind);
  }
  t.end();
});

t.test("parseFlagValue() reads back what formatFlagValue() writes", (t) => {
  const gate = fc.constantFrom("AllAlpha", "LeaseCheckpoint", "FastLeaseKeepAlive");
  const integer = (min: number, max: number): fc.Arbitrary<string> =>
    fc.integer({ min, max }).map(String);
  const formsAndTexts: readonly (readonly [FlagForm, fc.Arbitrary<string>])[] = [
    [{ kind: "string", preset: "" }, fc.string()],
    [{ kind: "boolean", preset: "false" }, fc.constantFrom("1", "f", "TRUE", "false")],
    [{ kind: "int", preset: "0" }, integer(-1e9, 1e9)],
    [{ kind: "uint32", preset: "0" }, integer(0, 2 ** 32 - 1)],
    [
      { kind: "duration", preset: "0s" },
      fc.bigInt({ min: 0n, max: 2n ** 62n }).map(formatDuration),
    ],
    [{ kind: "list", preset: "" }, fc.array(fc.stringMatching(/^[^,]+$/)).map(String)],
    [{ kind: "set", preset: "" }, fc.array(fc.stringMatching(/^[^,]+$/)).map(String)],
    [{ kind: "urls", preset: "" }, fc.nat(65_535).map((port) => `http://b:1,http://a:${port}`)],
    [
      { kind: "gates", preset: "" },
      fc.array(fc.tuple(gate, fc.boolean()).map(([name, value]) => `${name}=${value}`)).map(String),
    ],
  ];
  for (const [form, texts] of formsAndTexts) {
    fc.assert(
      fc.property(texts, (text) => {
        const value = parseFlagValue(form, text);
        if (value === undefined) {
          return false;
        }
        const written = formatFlagValue(form.kind, value);
        const again = parseFlagValue(form, written);
        return again !== undefined && formatFlagValue(form.kind, again) === written;
      }),
    );
    t.pass(form.kind);
  }
  t.end();
});
