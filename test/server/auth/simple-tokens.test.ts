import { randomBytes } from "node:crypto";
import t from "tap";
import { SimpleTokens, TokenAhead } from "../../../src/server/auth/simple-tokens.ts";
import { VirtualClock } from "../../../src/testing/virtual-clock.ts";

const AT = { authRevision: 3, appliedIndex: 9 };

function open(tokensMax = 10) {
  const clock = new VirtualClock();
  return { clock, tokens: new SimpleTokens({ clock, ttlMs: 1000, randomBytes, tokensMax }) };
}

t.test("SimpleTokens.create() makes tokens of all letters, and of nothing else", (t) => {
  const { tokens } = open();
  const made = Array.from({ length: 200 }, () => tokens.create(7));
  t.ok(made.every((token) => /^[a-zA-Z]{16}\.7$/.test(token)));
  t.equal(new Set(made).size, 200);
  t.equal(new Set(made.join("").replaceAll(/[.7]/g, "")).size, 52);
  t.end();
});

t.test("SimpleTokens are good for a time after they were used", async (t) => {
  const { tokens, clock } = open();
  tokens.assign("x.1", "ann", clock.nowMs());
  for (let count = 0; count < 3; count++) {
    await clock.advance(1000);
    t.same(tokens.callerOf("x.1", AT), { userName: "ann", authRevision: 3 });
  }
  await clock.advance(1001);
  t.equal(tokens.callerOf("x.1", AT), undefined);
  t.equal(tokens.callerOf("x.1", AT), undefined, "and never again");
});

t.test("SimpleTokens know no token but those they were given", (t) => {
  const { tokens } = open();
  tokens.assign("x.1", "ann", 0);
  for (const token of ["", "x", "x.", ".1", "x.1.1", "X.1", "x.01", "x.-1", "x.1 ", "x.１"]) {
    t.equal(tokens.callerOf(token, AT), undefined, token);
  }
  t.throws(() => tokens.callerOf("x.10", AT), new TokenAhead(10), "of an index to come");
  t.equal(tokens.callerOf(`x.${2n ** 64n}`, AT), undefined, "of an index that never comes");
  t.throws(() => tokens.sign());
  t.end();
});

t.test("SimpleTokens are at most so many: the one longest not used goes", async (t) => {
  const { tokens, clock } = open(3);
  for (const name of ["a", "b", "c"]) tokens.assign(`${name}.1`, name, clock.nowMs());
  tokens.callerOf("a.1", AT);
  tokens.assign("d.1", "d", clock.nowMs());
  const known = () => ["a", "b", "c", "d"].filter((name) => tokens.callerOf(`${name}.1`, AT));
  t.same(known(), ["a", "c", "d"]);
  await clock.advance(1001);
  tokens.assign("e.1", "e", clock.nowMs());
  t.same(known(), [], "those that are over make room");
  t.ok(tokens.callerOf("e.1", AT));
});

t.test("SimpleTokens of a user, and all of them, can be ended", (t) => {
  const { tokens } = open();
  for (const token of ["a.1", "b.1"]) tokens.assign(token, "ann", 0);
  tokens.assign("c.1", "bob", 0);
  tokens.invalidate("ann");
  t.same(
    ["a.1", "b.1", "c.1"].map((token) => tokens.callerOf(token, AT)?.userName),
    [undefined, undefined, "bob"],
  );
  tokens.clear();
  t.equal(tokens.callerOf("c.1", AT), undefined);
  t.end();
});
