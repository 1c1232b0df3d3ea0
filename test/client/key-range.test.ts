import fc from "fast-check";
import t from "tap";
import { keyRange, prefixEnd, toBuffer, toBytes } from "../../src/client/key-range.ts";

const keyBytes = fc.uint8Array({ maxLength: 6 });

t.test("toBytes() makes text UTF-8 and leaves bytes alone", async (t) => {
  t.strictSame([...toBytes("aé")], [0x61, 0xc3, 0xa9]);
  const bytes = Uint8Array.of(1, 2);
  t.equal(toBytes(bytes), bytes);
});

t.test("toBuffer() sees the same bytes", async (t) => {
  const whole = Uint8Array.of(1, 2, 3, 4);
  const part = toBuffer(whole.subarray(1, 3));
  t.strictSame([...part], [2, 3]);
  whole[1] = 9;
  t.equal(part[0], 9, "not a copy");
});

t.test("prefixEnd() is the first key after the prefix", async (t) => {
  for (const [prefix, end] of [
    [[0x61], [0x62]],
    [
      [0x61, 0x00],
      [0x61, 0x01],
    ],
    [[0x61, 0xff], [0x62]],
    [
      [0x61, 0xfe, 0xff, 0xff],
      [0x61, 0xff],
    ],
    [[0xff], [0]],
    [[0xff, 0xff], [0]],
    [[], [0]],
  ] as const) {
    t.strictSame([...prefixEnd(Uint8Array.from(prefix))], end, JSON.stringify(prefix));
  }
  t.equal(Buffer.from(prefixEnd("ab")).toString(), "ac", "text");
});

t.test("prefixEnd() parts the keys with the prefix from all others", async (t) => {
  fc.assert(
    fc.property(keyBytes, keyBytes, (prefix, key) => {
      const end = prefixEnd(prefix);
      const toTheEnd = end.length === 1 && end[0] === 0;
      const within = Buffer.compare(key, prefix) >= 0 && (toTheEnd || Buffer.compare(key, end) < 0);
      const begins = Buffer.from(key.subarray(0, prefix.length)).equals(prefix);
      return within === begins;
    }),
  );
  t.pass("for all prefixes and keys");
});

t.test("prefixEnd() leaves its argument alone", async (t) => {
  const prefix = Buffer.from("ab");
  prefixEnd(prefix);
  t.equal(prefix.toString(), "ab");
});

t.test("keyRange() names one key, a prefix, a range, or all from a key", async (t) => {
  const named = (key: string, options: Parameters<typeof keyRange>[1]): string[] => {
    const range = keyRange(key, options);
    return [Buffer.from(range.key).toString(), Buffer.from(range.rangeEnd).toString()];
  };
  t.strictSame(named("a", {}), ["a", ""]);
  t.strictSame(named("a", { prefix: true }), ["a", "b"]);
  t.strictSame(named("a", { rangeEnd: "c" }), ["a", "c"]);
  t.strictSame(named("a", { fromKey: true }), ["a", "\u0000"]);
  t.strictSame(named("", { prefix: true }), ["\u0000", "\u0000"], "everything");
  t.strictSame(named("", { fromKey: true }), ["\u0000", "\u0000"]);
  t.strictSame(named("a", { prefix: false, fromKey: false }), ["a", ""]);
});

t.test("keyRange() refuses two options at once", async (t) => {
  t.throws(() => keyRange("a", { prefix: true, fromKey: true }), TypeError);
  t.throws(() => keyRange("a", { prefix: true, rangeEnd: "b" }), TypeError);
  t.throws(() => keyRange("a", { fromKey: true, rangeEnd: "b" }), TypeError);
});
