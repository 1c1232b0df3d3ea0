import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ConfigFileError, loadConfigFile } from "../../src/cli/config-file.ts";
import type { ConfigFile } from "../../src/cli/config-file.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

async function load(t: Test, text: string): Promise<ConfigFile> {
  const path = join(await tempDirectory(t), "etcd.yaml");
  await writeFile(path, text);
  return loadConfigFile(path);
}

t.test("loadConfigFile() reads keys named like flags, in YAML", async (t) => {
  const { settings } = await load(
    t,
    [
      "name: n1",
      "HEARTBEAT-INTERVAL: 50",
      "election-timeout: 1e3",
      "pre-vote: no",
      "quota-backend-bytes: -1",
      "max-txn-ops: 0x10",
      "listen-client-urls: http://127.0.0.1:1,http://127.0.0.1:2",
      "watch-progress-notify-interval: 5000000000",
      "log-outputs: [stderr, /tmp/log]",
      "host-whitelist: a,b",
      "feature-gates: InitialCorruptCheck=true",
      "unknown: [1, {}]",
    ].join("\n"),
  );
  t.equal(settings.get("name"), "n1");
  t.equal(settings.get("heartbeat-interval"), 50);
  t.equal(settings.get("election-timeout"), 1000);
  t.equal(settings.get("pre-vote"), false);
  t.equal(settings.get("quota-backend-bytes"), -1);
  t.equal(settings.get("max-txn-ops"), 16);
  t.equal(settings.get("listen-client-urls").length, 2);
  t.equal(settings.get("watch-progress-notify-interval"), 5_000_000_000n);
  t.same(settings.get("log-outputs"), ["/tmp/log", "stderr"]);
  t.same(settings.get("host-whitelist"), ["a", "b"]);
  t.equal(settings.get("feature-gates").get("InitialCorruptCheck"), true);
});

t.test("loadConfigFile() reads JSON", async (t) => {
  const { settings } = await load(t, '{"name": "j", "unsafe-no-fsync": true}');
  t.equal(settings.get("name"), "j");
  t.equal(settings.get("unsafe-no-fsync"), true);
});

t.test("loadConfigFile() takes nothing, null and empty texts for no setting", async (t) => {
  t.same((await load(t, "")).settings.explicitNames(), []);
  const { settings } = await load(t, "name: null\nlisten-client-urls: ''\nlog-outputs: []\n");
  t.same(settings.explicitNames(), []);
});

t.test("loadConfigFile() lets the last of repeated keys win", async (t) => {
  t.equal((await load(t, "name: a\nname: b\n")).settings.get("name"), "b");
});

t.test("loadConfigFile() reads the maps for TLS and sockets", async (t) => {
  const { settings, unbuilt, clientCommonNames } = await load(
    t,
    [
      "client-transport-security: {cert-file: c, client-cert-auth: true, allowed-hostname: [a, b],",
      " allowed-cn: [kate, john]}",
      "peer-transport-security: {key-file: k, allowed-cn: [x]}",
      "socket-options: {reuse-port: true}",
      "cert-file: means nothing here",
    ].join("\n"),
  );
  t.equal(settings.get("cert-file"), "c");
  t.equal(settings.get("client-cert-auth"), true);
  t.same(settings.get("client-cert-allowed-hostname"), ["a", "b"]);
  t.equal(settings.get("peer-key-file"), "k");
  t.same(settings.get("peer-cert-allowed-cn"), ["x"]);
  t.equal(settings.get("socket-reuse-port"), true);
  t.same(clientCommonNames, ["kate", "john"]);
  t.same(unbuilt, []);
});

t.test("loadConfigFile() reports settings without a flag that are not built", async (t) => {
  const { unbuilt } = await load(t, "discovery-config: {token: t, client: {}}\n");
  t.same(unbuilt, ["discovery-config.token", "discovery-config.client"]);
});

t.test("loadConfigFile() refuses values of the wrong type", async (t) => {
  const head = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
  const cases: readonly (readonly [string, string])[] = [
    ["heartbeat-interval: abc", "string into field heartbeat-interval of type uint"],
    ["heartbeat-interval: 1.5", "number 1.5 into field heartbeat-interval of type uint"],
    ["heartbeat-interval: -1", "number -1 into field heartbeat-interval of type uint"],
    [
      "max-concurrent-streams: 99999999999",
      "number 99999999999 into field max-concurrent-streams of type uint32",
    ],
    [
      "watch-progress-notify-interval: 5s",
      "string into field watch-progress-notify-interval of type time.Duration",
    ],
    ["name: 5", "number into field name of type string"],
    ["name: [a]", "array into field name of type string"],
    ["pre-vote: maybe", "string into field pre-vote of type bool"],
    ["log-outputs: stderr", "string into field log-outputs of type []string"],
    ["log-outputs: [5]", "number into field log-outputs of type string"],
    ["feature-gates: {A: true}", "object into field feature-gates of type string"],
    ["client-transport-security: 5", "number into field client-transport-security of type map"],
    [
      "client-transport-security: {client-cert-auth: 5}",
      "number into field client-transport-security.client-cert-auth of type bool",
    ],
    ["- a", "array into field the whole file of type map"],
    ["hello", "string into field the whole file of type map"],
  ];
  for (const [text, message] of cases) {
    await t.rejects(load(t, text), new ConfigFileError(`${head} ${message}`), text);
  }
});

t.test("loadConfigFile() refuses what the flag would refuse, in etcd's words", async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "listen-client-urls: foo",
      "unexpected error setting up listen-client-urls: " +
        "URL scheme must be http, https, unix, or unixs: foo",
    ],
    ["initial-cluster-state: foo", 'unexpected clusterState "foo"'],
    ["feature-gates: Foo=true", "unrecognized feature gate: Foo"],
  ];
  for (const [text, message] of cases) {
    await t.rejects(load(t, text), new ConfigFileError(message), text);
  }
  await t.rejects(load(t, "a: [\n"), /^error converting YAML to JSON: yaml: line \d+: /);
});

t.test("loadConfigFile() says why a file cannot be opened", async (t) => {
  await t.rejects(
    loadConfigFile("/nonexistent"),
    new ConfigFileError("open /nonexistent: no such file or directory"),
  );
  const directory = await tempDirectory(t);
  await t.rejects(
    loadConfigFile(directory),
    new ConfigFileError(`open ${directory}: is a directory`),
  );
});
