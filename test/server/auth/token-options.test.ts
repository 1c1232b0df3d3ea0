import t from "tap";
import { parseTokenOptions } from "../../../src/server/auth/token-options.ts";

t.test("parseTokenOptions() takes a kind and options after commas", (t) => {
  t.same(parseTokenOptions(""), { type: "", fields: new Map() });
  t.same(parseTokenOptions("simple"), { type: "simple", fields: new Map() });
  t.same(parseTokenOptions("jwt,a=b,c="), {
    type: "jwt",
    fields: new Map([
      ["a", "b"],
      ["c", ""],
    ]),
  });
  t.end();
});

t.test("parseTokenOptions() refuses what etcd refuses", (t) => {
  for (const text of ["Simple", "jwt,a", "jwt,", "jwt,a=b=c", "jwt,a=b,a=c", "other,a=b", ",a"]) {
    t.throws(() => parseTokenOptions(text), { message: "auth: invalid auth options" }, text);
  }
  t.end();
});
