import t from "tap";
import { Histogram } from "../../../src/mvcc/index.ts";
import { exposition, numberText } from "../../../src/server/metrics/exposition.ts";

t.test("numberText() writes numbers as Go does", async (t) => {
  const texts: [number, string][] = [
    [0, "0"],
    [-1, "-1"],
    [0.001, "0.001"],
    [0.0001, "0.0001"],
    [0.00001234, "1.234e-05"],
    [1e-7, "1e-07"],
    [999_999, "999999"],
    [1_000_000, "1e+06"],
    [1_048_576, "1.048576e+06"],
    [2_147_483_648, "2.147483648e+09"],
    [1e100, "1e+100"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [Number.NaN, "NaN"],
  ];
  for (const [value, text] of texts) t.equal(numberText(value), text);
});

t.test("exposition() orders families, and adds a histogram's buckets up", async (t) => {
  const value = new Histogram([0.5, 1]);
  for (const observed of [0.1, 0.7, 3]) value.observe(observed);
  const text = exposition([
    { type: "histogram", name: "b", help: "B.", read: () => [{ labels: { op: "x" }, value }] },
    { type: "gauge", name: "a", help: "A\\\n.", read: () => [{ labels: {}, value: 7 }] },
    { type: "counter", name: "c", help: "C.", read: () => [] },
  ]);
  t.equal(
    text,
    `# HELP a A\\\\\\n.
# TYPE a gauge
a 7
# HELP b B.
# TYPE b histogram
b_bucket{op="x",le="0.5"} 1
b_bucket{op="x",le="1"} 2
b_bucket{op="x",le="+Inf"} 3
b_sum{op="x"} 3.8
b_count{op="x"} 3
`,
  );
});

t.test("exposition() escapes what a client may have chosen", async (t) => {
  const labels = { version: 'a"b\\c\nd' };
  const read = (): { labels: typeof labels; value: number }[] => [{ labels, value: 1 }];
  t.match(
    exposition([{ type: "counter", name: "a", help: "A.", read }]),
    'a{version="a\\"b\\\\c\\nd"} 1\n',
  );
});
