import fc from "fast-check";
import t from "tap";
import { parseArguments, Settings } from "../../src/cli/flags.ts";

/** The settings of a command line that must be good. */
function settingsOf(...args: readonly string[]): Settings {
  const parsed = parseArguments(args);
  if (parsed.kind !== "parsed") {
    throw new Error(`Cannot parse ${args.join(" ")}: ${JSON.stringify(parsed)}`);
  }
  return parsed.settings;
}

t.test("parseArguments() takes a value behind = or as the next argument", (t) => {
  for (const args of [["--name=a"], ["-name=a"], ["--name", "a"], ["-name", "a"]]) {
    t.equal(settingsOf(...args).get("name"), "a", args.join(" "));
  }
  t.equal(settingsOf("--name=a=b").get("name"), "a=b");
  t.equal(settingsOf("--name", "--x").get("name"), "--x");
  t.equal(settingsOf("--name=").get("name"), "");
  t.end();
});

t.test("parseArguments() takes the value of a boolean only behind =", (t) => {
  t.equal(settingsOf("--unsafe-no-fsync").get("unsafe-no-fsync"), true);
  t.equal(settingsOf("--pre-vote=F").get("pre-vote"), false);
  t.match(parseArguments(["--pre-vote", "false"]), { kind: "parsed", rest: ["false"] });
  t.end();
});

t.test("parseArguments() lets the last of several values win", (t) => {
  t.equal(settingsOf("--name=a", "--name=b").get("name"), "b");
  const urls = settingsOf("--listen-client-urls=http://a:1", "--listen-client-urls=").get(
    "listen-client-urls",
  );
  t.equal(urls[0]?.text, "http://a:1", "an empty list of URLs changes nothing");
  t.end();
});

t.test("parseArguments() ends at --, at a word, and at a lone dash", (t) => {
  t.match(parseArguments(["--name=a", "--", "--name=b"]), { rest: ["--name=b"] });
  t.match(parseArguments(["--name=a", "word", "--name=b"]), { rest: ["word", "--name=b"] });
  t.match(parseArguments(["-"]), { rest: ["-"] });
  t.match(parseArguments([""]), { rest: [""] });
  t.end();
});

t.test("parseArguments() finds -h, --h and --help, also after other flags", (t) => {
  for (const args of [["-h"], ["--h=1"], ["--help=false", "word"], ["--name=a", "--help"]]) {
    t.same(parseArguments(args), { kind: "help" }, args.join(" "));
  }
  t.end();
});

t.test("parseArguments() takes and forgets the flags of old versions", (t) => {
  const parsed = parseArguments(["--config=5", "--v", "-vv=3", "--snapshot", "5"]);
  t.match(parsed, { kind: "parsed", rest: ["5"] });
  t.end();
});

t.test("parseArguments() takes flags by the names that they had before etcd 3.7", (t) => {
  const parsed = parseArguments([
    "--feature-gates=LeaseCheckpoint=true",
    "--experimental-initial-corrupt-check=true",
    "--experimental-watch-progress-notify-interval=5s",
    "--experimental-stop-grpc-service-on-defrag",
    "--experimental-compaction-batch-limit",
    "7",
  ]);
  if (parsed.kind !== "parsed") throw new Error(parsed.kind);
  const { settings } = parsed;
  t.same(
    settings.get("feature-gates"),
    new Map([
      ["InitialCorruptCheck", true],
      ["LeaseCheckpoint", true],
      ["StopGRPCServiceOnDefrag", true],
    ]),
  );
  t.equal(settings.get("watch-progress-notify-interval"), 5_000_000_000n);
  t.equal(settings.get("compaction-batch-limit"), 7);
  t.same(settings.formerNames, [
    "experimental-initial-corrupt-check",
    "experimental-watch-progress-notify-interval",
    "experimental-stop-grpc-service-on-defrag",
    "experimental-compaction-batch-limit",
  ]);
  t.end();
});

t.test("parseArguments() refuses with Go's texts", (t) => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["--nosuch"], "flag provided but not defined: -nosuch"],
    [["--experimental-nosuch=true"], "flag provided but not defined: -experimental-nosuch"],
    [
      ["--experimental-initial-corrupt-check=maybe"],
      'invalid boolean value "maybe" for -experimental-initial-corrupt-check: ' +
        "invalid value of InitialCorruptCheck=maybe, " +
        'err: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [["--toString"], "flag provided but not defined: -toString"],
    [["---name"], "bad flag syntax: ---name"],
    [["--=x"], "bad flag syntax: --=x"],
    [["-=x"], "bad flag syntax: -=x"],
    [["--name"], "flag needs an argument: -name"],
    [["--pre-vote=x"], 'invalid boolean value "x" for -pre-vote: parse error'],
    [
      ["--heartbeat-interval", "abc"],
      'invalid value "abc" for flag -heartbeat-interval: parse error',
    ],
    [
      ["--listen-client-urls", "foo"],
      'invalid value "foo" for flag -listen-client-urls: ' +
        "URL scheme must be http, https, unix, or unixs: foo",
    ],
    [
      ["--initial-cluster-state", "foo"],
      'invalid value "foo" for flag -initial-cluster-state: invalid value',
    ],
  ];
  for (const [args, message] of cases) {
    t.same(parseArguments(args), { kind: "failed", message }, args.join(" "));
  }
  t.end();
});

t.test("parseArguments() gives back what a command line was made of", (t) => {
  const text = fc.string({ unit: "binary" });
  const dashes = fc.constantFrom("-", "--");
  const names = fc.subarray(["name", "data-dir", "initial-cluster", "log-level"] as const);
  fc.assert(
    fc.property(
      names,
      dashes,
      fc.boolean(),
      fc.array(text, { minLength: 4, maxLength: 4 }),
      (chosen, dash, isAttached, values) => {
        const value = (index: number): string => values[index] ?? "";
        const args = chosen.flatMap((name, index) =>
          isAttached ? [`${dash}${name}=${value(index)}`] : [`${dash}${name}`, value(index)],
        );
        const parsed = parseArguments([...args, "--", "-x"]);
        return (
          parsed.kind === "parsed" &&
          parsed.rest.join() === "-x" &&
          parsed.settings.explicitNames().join() === chosen.toSorted().join() &&
          chosen.every((name, index) => parsed.settings.get(name) === value(index))
        );
      },
    ),
  );
  t.pass("for any values");
  t.end();
});

t.test("Settings remembers what was set, be it the default", (t) => {
  const settings = new Settings();
  t.equal(settings.isExplicit("name"), false);
  t.equal(settings.get("name"), "default");
  t.equal(settings.set("name", "default"), undefined);
  t.equal(settings.isExplicit("name"), true);
  t.equal(settings.set("heartbeat-interval", "x"), "parse error");
  t.equal(settings.get("heartbeat-interval"), 100);
  t.same(settings.explicitNames(), ["name"]);
  t.end();
});
