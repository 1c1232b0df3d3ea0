import t from "tap";
import type { FlagTable } from "../../../src/cli/commands/definition.ts";
import { firstArgument, FlagError, parseFlags } from "../../../src/cli/commands/flags.ts";

const TABLE: FlagTable = {
  prefix: { kind: "boolean", preset: "false", help: "" },
  interactive: { kind: "boolean", preset: "false", short: "i", help: "" },
  limit: { kind: "integer", preset: "0", help: "" },
  "write-out": { kind: "text", preset: "simple", short: "w", help: "" },
  wait: { kind: "duration", preset: "5s", help: "" },
  endpoints: { kind: "list", preset: "here", help: "" },
};

t.test("parseFlags() takes flags anywhere, in all their forms", async (t) => {
  const forms = [
    "-w json",
    "-wjson",
    "-w=json",
    "-iw json",
    "--write-out json",
    "--write-out=json",
  ];
  for (const form of forms) {
    const { args, flags } = parseFlags(TABLE, ["a", ...form.split(" "), "b"]);
    t.strictSame([args, flags.text("write-out")], [["a", "b"], "json"], form);
  }
  const { flags, args, separatorIndex } = parseFlags(TABLE, [
    "--limit",
    "-1",
    "--prefix",
    "x",
    "--wait=1m30s",
    "--endpoints= a,b",
    "--endpoints",
    "c",
    "--",
    "-y",
  ]);
  t.equal(flags.integer("limit"), -1);
  t.equal(flags.boolean("prefix"), true);
  t.equal(flags.durationMs("wait"), 90_000);
  t.strictSame(flags.list("endpoints"), ["a", "b", "c"]);
  t.strictSame([args, separatorIndex], [["x", "-y"], 1]);
  t.equal(flags.isGiven("interactive"), false);
  t.equal(parseFlags(TABLE, ["--prefix=false"]).flags.boolean("prefix"), false);
});

t.test("parseFlags() refuses in pflag's words", async (t) => {
  const cases = [
    ["--bogus", "unknown flag: --bogus"],
    ["-x", "unknown shorthand flag: 'x' in -x"],
    ["-ix", "unknown shorthand flag: 'x' in -x"],
    ["--=x", "bad flag syntax: --=x"],
    ["--limit", "flag needs an argument: --limit"],
    ["-w", "flag needs an argument: 'w' in -w"],
    [
      "--limit=x",
      'invalid argument "x" for "--limit" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      "--prefix=maybe",
      'invalid argument "maybe" for "--prefix" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ["--wait=5", 'invalid argument "5" for "--wait" flag: time: missing unit in duration "5"'],
  ] as const;
  for (const [argument, message] of cases) {
    t.throws(() => parseFlags(TABLE, [argument]), new FlagError(message), argument);
  }
});

t.test("firstArgument() passes over flags and their values", async (t) => {
  t.equal(firstArgument(TABLE, ["--limit", "3", "-w", "json", "--prefix", "list"]), 5);
  t.equal(firstArgument(TABLE, ["--limit=3", "list"]), 1);
  t.equal(firstArgument(TABLE, ["--", "list"]), -1);
  t.equal(firstArgument(TABLE, []), -1);
});
