import { execFileSync } from "node:child_process";
import t from "tap";
import {
  FLAG_GROUPS,
  flagDefinition,
  flagNames,
  FLAGS,
  IGNORED_FLAGS,
  isFlagName,
} from "../../src/cli/flag-table.ts";
import { formatFlagValue, presetValue } from "../../src/cli/flag-values.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";

t.test("Every flag has a default that it takes itself", (t) => {
  for (const name of flagNames()) {
    const definition = flagDefinition(name);
    const value = presetValue(definition);
    t.type(formatFlagValue(definition.kind, value), "string", name);
  }
  t.end();
});

t.test("Every flag without effect has a reason, and no other", (t) => {
  for (const name of flagNames()) {
    const { status, reason, help } = flagDefinition(name);
    t.equal(reason === undefined, status === "effective", name);
    t.match(help, /^["A-Z].*\.$/, name);
  }
  t.end();
});

t.test("The groups hold all flags but those about the command itself", (t) => {
  const grouped = [...FLAG_GROUPS.values()].flatMap((flags) => Object.keys(flags));
  t.same([...grouped, "config-file", "version"].sort(), flagNames());
  t.equal(grouped.length, new Set(grouped).size);
  t.end();
});

t.test("isFlagName() knows flags, and nothing that objects have of their own", (t) => {
  t.equal(isFlagName("data-dir"), true);
  t.equal(isFlagName("toString"), false);
  t.equal(isFlagName("v"), false);
  t.equal(IGNORED_FLAGS.has("v"), true);
  t.end();
});

t.test("The table has every flag of etcd's help, with its default", (t) => {
  const paths = peerPaths();
  if (!havePrograms(t, [paths.etcd])) {
    t.end();
    return;
  }
  const help = execFileSync(paths.etcd, ["--help"], { encoding: "utf8", stdio: "pipe" });
  // In the help, but refused by etcd itself.
  const gone = ["discovery", "discovery-proxy"];
  // Where the help gives no default, or words for it.
  const unclear = ["data-dir", "max-concurrent-streams", "backend-batch-interval"];
  for (const [, name = "", preset] of help.matchAll(/^ {2}--([a-z0-9-]+)(?: '?([^'\n]*)'?)?$/gm)) {
    if (!gone.includes(name)) {
      t.ok(isFlagName(name), name);
      if (isFlagName(name) && preset !== undefined && !unclear.includes(name)) {
        t.equal(FLAGS[name].preset, preset, `default of ${name}`);
      }
    }
  }
  t.end();
});
