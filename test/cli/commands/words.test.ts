import t from "tap";
import { wordsOf } from "../../../src/cli/commands/words.ts";

t.test("wordsOf() takes quotes as etcdctl does", async (t) => {
  t.strictSame(wordsOf("put a b"), ["put", "a", "b"]);
  t.strictSame(wordsOf('put "a b" \'c "d\''), ["put", "a b", 'c "d']);
  t.strictSame(wordsOf('put "a\\tb\\"" x'), ["put", 'a\tb"', "x"]);
  t.strictSame(wordsOf("  "), []);
  t.throws(() => wordsOf('"\\q"'), { code: 3 });
});
