import fc from "fast-check";
import t from "tap";
import { integerOf } from "../../../src/wire/json/json-integer.ts";

t.test("integerOf() reads every whole number of its type, and none beyond", (t) => {
  const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(fc.property(signed, (value) => integerOf(String(value), "int64") === value));
  const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(unsigned, (value) => integerOf(String(value), "uint64") === value));
  for (const [text, type] of [
    [String(2n ** 63n), "int64"],
    [String(-(2n ** 63n) - 1n), "int64"],
    [String(2n ** 64n), "uint64"],
    ["-1", "uint64"],
    ["4294967296", "uint32"],
    ["2147483648", "int32"],
    ["1e20", "uint64"],
    ["1e99999999999", "uint64"],
  ] as const) {
    t.equal(integerOf(text, type), undefined, text);
  }
  t.end();
});

t.test("integerOf() reads powers of ten as protojson does", (t) => {
  const cases: [string, bigint | undefined][] = [
    ["1e3", 1000n],
    ["1.50e1", 15n],
    ["1.5", undefined],
    ["1.0", 1n],
    ["1200e-2", 12n],
    ["120e-2", undefined],
    ["-0", 0n],
    ["0.0e9", 0n],
    ["-0.5e1", -5n],
    ["1e", 1n],
    ["1e+", undefined],
    ["01", undefined],
    ["+1", undefined],
    ["", undefined],
    [" 1", undefined],
    ["true", undefined],
    ["10e-2", undefined],
    ["100e-2", 1n],
  ];
  for (const [text, value] of cases) t.equal(integerOf(text, "int64"), value, text);
  t.end();
});

t.test("integerOf() takes no longer for many zeros than for few", (t) => {
  // With a search from every zero on, this is 10^13 steps.
  const zeros = "0".repeat(6_000_000);
  t.equal(integerOf(`1.${zeros}1`, "int64"), undefined);
  t.equal(integerOf(`1.${zeros}`, "int64"), 1n);
  t.equal(integerOf(`1${zeros}1`, "int64"), undefined);
  t.equal(integerOf(`1${zeros}e-6000000`, "int64"), 1n);
  t.end();
});
