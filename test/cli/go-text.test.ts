import fc from "fast-check";
import t from "tap";
import { bytesOf, quoteBytes, textOf, unquote } from "../../src/cli/go-text.ts";

t.test("textOf() and bytesOf() keep bytes that are no UTF-8", async (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      return Buffer.compare(bytesOf(textOf(bytes)), bytes) === 0;
    }),
    { verbose: true },
  );
  t.equal(textOf(Buffer.from("\ufeffé😀")), "\ufeffé😀");
});

t.test("quoteBytes() and unquote() undo each other", async (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = unquote(quoteBytes(bytes));
      return text !== undefined && Buffer.compare(bytesOf(text), bytes) === 0;
    }),
    { verbose: true },
  );
  t.equal(
    quoteBytes(Buffer.from('a"\\\n\u0001\u007fé\u2028😀\ue000')),
    '"a\\"\\\\\\n\\x01\\x7fé\\u2028😀\\ue000"',
  );
  t.equal(quoteBytes(Buffer.of(0xff, 0x61)), '"\\xffa"');
});

t.test("unquote() refuses what Go refuses", async (t) => {
  for (const literal of ["", '"', "a", '"a', '"\\q"', '"\n"', '"\\ud800"', '"\\x1"', "`a`b`"]) {
    t.equal(unquote(literal), undefined, literal);
  }
  t.equal(unquote("`a\\n`"), "a\\n");
  t.equal(unquote('"\\101\\x42\\u0043\\U00000044"'), "ABCD");
});
