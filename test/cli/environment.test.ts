import t from "tap";
import { applyEnvironment, variableName } from "../../src/cli/environment.ts";
import type { EnvironmentReport } from "../../src/cli/environment.ts";
import { Settings } from "../../src/cli/flags.ts";

function apply(
  environment: Readonly<Record<string, string>>,
  settings = new Settings(),
): { readonly settings: Settings; readonly report: EnvironmentReport } {
  return { settings, report: applyEnvironment(settings, environment) };
}

t.test("variableName() is in capitals, with an underscore for each dash", (t) => {
  t.equal(variableName("listen-client-urls"), "ETCD_LISTEN_CLIENT_URLS");
  t.end();
});

t.test("applyEnvironment() sets flags and says which", (t) => {
  const { settings, report } = apply({ ETCD_NAME: "a", ETCD_PRE_VOTE: "0", PATH: "/bin" });
  t.equal(settings.get("name"), "a");
  t.equal(settings.get("pre-vote"), false);
  t.equal(settings.isExplicit("name"), true);
  t.same(report.notes, [
    {
      level: "info",
      message: "recognized and used environment variable",
      fields: { "variable-name": "ETCD_NAME", "variable-value": "a" },
    },
    {
      level: "info",
      message: "recognized and used environment variable",
      fields: { "variable-name": "ETCD_PRE_VOTE", "variable-value": "0" },
    },
  ]);
  t.end();
});

t.test("applyEnvironment() warns of what it does not know", (t) => {
  const { report } = apply({ ETCD_FOO: "1", ETCD_VERSION: "3", ETCD_V: "1", ETCD_NAME: "" });
  t.same(
    report.notes.map((note) => [note.level, note.message, note.fields]),
    [
      ["warn", "cannot set special environment variable", { key: "ETCD_VERSION", value: "3" }],
      [
        "info",
        "recognized and used environment variable",
        { "variable-name": "ETCD_V", "variable-value": "1" },
      ],
      ["warn", "unrecognized environment variable", { "environment-variable": "ETCD_FOO=1" }],
      ["warn", "unrecognized environment variable", { "environment-variable": "ETCD_NAME=" }],
    ],
  );
  t.equal(report.conflict, undefined);
  t.end();
});

t.test("applyEnvironment() finds a variable that says the same as a flag, even empty", (t) => {
  for (const text of ["a", ""]) {
    const settings = new Settings();
    settings.set("name", "b");
    const { report } = apply({ ETCD_NAME: text }, settings);
    t.equal(report.conflict, "ETCD_NAME");
    t.equal(settings.get("name"), "b");
  }
  t.end();
});

t.test("applyEnvironment() tells why a value was refused, of several the last by name", (t) => {
  const { report } = apply({ ETCD_PRE_VOTE: "zz", ETCD_HEARTBEAT_INTERVAL: "x" });
  t.equal(report.problem, 'invalid value "zz" for ETCD_PRE_VOTE: parse error');
  t.end();
});
