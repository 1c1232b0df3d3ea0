import fc from "fast-check";
import t from "tap";
import { JsonError } from "../../../src/wire/json/json-error.ts";
import { JSON_DEPTH_MAX, JsonValues } from "../../../src/wire/json/json-values.ts";

/** All values of a text that comes in pieces, as texts. */
function valuesOf(pieces: readonly Buffer[], bytesMax = 10_000): string[] {
  const values = new JsonValues(bytesMax);
  const found: string[] = [];
  for (const piece of pieces) {
    values.push(piece);
    for (let value = values.next(); value !== undefined; value = values.next()) {
      found.push(value.toString());
    }
  }
  const last = values.end();
  return last === undefined ? found : [...found, last.toString()];
}

function cut(text: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...at.map((place) => place % (text.length + 1)), text.length])];
  const sorted = places.sort((left, right) => left - right);
  return sorted.slice(1).map((end, index) => text.subarray(sorted[index], end));
}

t.test("JsonValues finds the values that were put behind each other, however they come", (t) => {
  const values = fc.array(fc.tuple(fc.json(), fc.constantFrom(" ", "\n", "\t\r\n ")), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(values, fc.array(fc.nat(), { maxLength: 8 }), (pairs, places) => {
      const text = Buffer.from(pairs.map(([json, space]) => json + space).join(""));
      const wanted = pairs.map(([json]) => json);
      if (JSON.stringify(valuesOf(cut(text, places))) !== JSON.stringify(wanted)) {
        throw new Error(text.toString());
      }
    }),
  );
  t.end();
});

t.test("JsonValues takes for one value what JSON.parse() takes, and nothing else", (t) => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const isValue = (text: string): boolean => {
    try {
      return valuesOf([Buffer.from(text)]).length === 1;
    } catch (error) {
      if (error instanceof JsonError) return false;
      throw error;
    }
  };
  const pieces = ["{", "}", "[", "]", ",", ":", '"', "\\", "u00e9", "-", "0", "1", ".", "e", "+"];
  const words = fc.array(fc.constantFrom(...pieces, " ", "true", "null", '"a":', "\n"), {
    minLength: 1,
    maxLength: 9,
  });
  const changed = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom(...pieces))
    .map(([json, at, piece]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + piece + json.slice(place);
    });
  let [good, bad] = [0, 0];
  fc.assert(
    fc.property(
      fc.oneof(
        words.map((all) => all.join("")),
        changed,
        fc.json(),
      ),
      (text) => {
        const wanted = isJson(text);
        if (wanted) good += 1;
        else bad += 1;
        // Of "12" the second part is no error but a value of its own, where JSON.parse() sees none.
        if (wanted && !isValue(text)) throw new Error(`refused: ${text}`);
        if (
          !wanted &&
          isValue(text) &&
          valuesOf([Buffer.from(text)]).every((one) => !isJson(one))
        ) {
          throw new Error(`taken: ${text}`);
        }
      },
    ),
    { numRuns: 3000 },
  );
  t.ok(good > 100 && bad > 100, `${String(good)} and ${String(bad)}`);
  t.end();
});

t.test("JsonValues knows the end of a number by what follows, or by the end of all", (t) => {
  t.same(valuesOf([Buffer.from("1"), Buffer.from("2 3"), Buffer.from(".5e+1{}-0")]), [
    "12",
    "3.5e+1",
    "{}",
    "-0",
  ]);
  t.throws(() => valuesOf([Buffer.from("1 -")]), { message: "unexpected EOF" });
  t.end();
});

t.test("JsonValues has bounds", (t) => {
  const long = Buffer.from(`   "${"a".repeat(98)}"`);
  t.same(valuesOf([long], 100).length, 1, "space before a value is none of it");
  const tooLong = [long.subarray(0, 50), long.subarray(50)];
  t.throws(() => valuesOf(tooLong, 99), new JsonError("too large", "size"));
  const deep = (depth: number): Buffer => Buffer.from("[".repeat(depth) + "]".repeat(depth));
  t.equal(valuesOf([deep(JSON_DEPTH_MAX)]).length, 1);
  t.throws(() => valuesOf([deep(JSON_DEPTH_MAX + 1)]), {
    message: "invalid character '[' exceeded max depth",
  });
  const values = new JsonValues(100);
  values.push(Buffer.from('{} {"a":'));
  t.same(values.next()?.toString(), "{}");
  t.throws(() => values.push(Buffer.from("1}")), { message: "Cannot push: values are left" });
  t.equal(values.next(), undefined);
  t.equal(values.heldBytes, 5);
  values.push(Buffer.from("1}"));
  t.equal(values.heldBytes, 7);
  t.equal(values.next()?.toString(), '{"a":1}');
  t.equal(values.heldBytes, 0);
  t.end();
});

t.test("JsonValues holds single bytes as it holds a whole value", (t) => {
  const text = Buffer.from(`{"a":"${"x".repeat(1_000_000)}"}`);
  const values = new JsonValues(2_000_000);
  const before = process.memoryUsage();
  for (let at = 0; at < text.length - 1; at++) {
    values.push(text.subarray(at, at + 1));
    if (values.next() !== undefined) t.fail(String(at));
  }
  const after = process.memoryUsage();
  t.equal(values.heldBytes, text.length - 1);
  const grown = after.heapUsed - before.heapUsed;
  t.ok(grown < 50_000_000, `${String(grown)} bytes`);
  values.push(text.subarray(-1));
  t.same(values.next(), text);
  t.equal(values.heldBytes, 0);
  t.end();
});
