import t from "tap";
import { isCommand } from "../../../src/cli/commands/run.ts";
import { fakeServer } from "./fake-terminal.ts";

t.test("put, get and del print what etcdctl prints", async (t) => {
  const server = await fakeServer(t);
  t.equal(await server.output("put fruit/apple red"), "OK\n");
  t.equal(await server.output("put fruit/apple green --prev-kv"), "OK\nfruit/apple\nred\n");
  t.equal(await server.output("put typed", { input: "a value\n" }), "OK\n");
  t.equal(await server.output("get typed"), "typed\na value\n\n");
  t.equal(await server.output("get fruit/ --prefix --keys-only"), "fruit/apple\n\n");
  t.equal(await server.output("get fruit/ --prefix --print-value-only"), "green\n");
  t.equal(await server.output("get fruit/apple --rev=2"), "fruit/apple\nred\n");
  t.equal(await server.output("get g --from-key --stream"), "typed\na value\n\n");
  t.match(await server.output("get fruit --prefix --count-only -w fields"), /^"Count" : 1$/m);
  t.equal(
    await server.output("get fruit/apple --hex"),
    "\\x66\\x72\\x75\\x69\\x74\\x2f\\x61\\x70\\x70\\x6c\\x65\n\\x67\\x72\\x65\\x65\\x6e\n",
  );
  t.equal(await server.output("del fruit/a fruit/b --range --prev-kv"), "1\nfruit/apple\ngreen\n");
  t.equal(await server.output(["get", "", "--prefix"]), "typed\na value\n\n");
});

t.test("A command that is refused says why, and ends with etcdctl's code", async (t) => {
  const server = await fakeServer(t);
  const cases = [
    ["get", 128, /^Error: get command needs one argument as key/],
    ["get a --bogus", 1, /^Error: unknown flag: --bogus\nUsage:\n {2}etcdlet get \[options\]/],
    ["get a --rev=9", 1, /^Error: etcdserver: mvcc: required revision is a future revision\n$/],
    ["get a -w bogus", 4, /^Error: unsupported output format\n$/],
    ["get a -w table", 4, /^Error: table not supported as output format\n$/],
    ["get a --endpoints=", 2, /^Error: etcdclient: no available endpoints\n$/],
    ["get a --cert=/none", 128, /^Error: KeyFile and CertFile must both be present/],
    ["put a b --lease=zz", 128, /^Error: bad lease ID \(strconv.ParseInt: parsing "zz": invalid/],
    ["txn", 3, /^Error: EOF\n$/],
    ["lease revoke 1", 1, /^Error: failed to revoke lease \(etcdserver: requested lease not found/],
    ["lease timetolive", 128, /^Error: lease timetolive command needs lease ID as argument\n$/],
    ["member add a b", 128, /^Error: too many arguments\n$/],
    ["watch a --", 128, /^Error: bad number of arguments \(found separator --, but no commands\)/],
  ] as const;
  for (const [line, code, text] of cases) {
    const outcome = await server.run(line);
    t.equal(outcome.code, code, line);
    t.match(outcome.errors, text, line);
    t.equal(outcome.output, "", line);
  }
});

t.test("txn does what its lines say", async (t) => {
  const server = await fakeServer(t);
  const first = 'version("a") = "0"\n\nput a "one two"\n\nget a\n\n';
  t.equal(await server.output("txn", { input: first }), "SUCCESS\n\nOK\n");
  t.equal(await server.output("txn", { input: first }), "FAILURE\n\na\none two\n");
  const asked = await server.output("txn --interactive", { input: "\n\n\n" });
  t.match(
    asked,
    /^compares:\nsuccess requests \(get, put, del\):\nfailure requests .*\nSUCCESS\n$/,
  );
  const { code, errors } = await server.run("txn", { input: "mod(\n" });
  t.strictSame([code, errors], [3, 'Error: malformed comparison: mod(; got mod("")  ""\n']);
});

t.test("Leases are granted, looked at, kept and ended", async (t) => {
  const server = await fakeServer(t);
  const granted = await server.output("lease grant 100");
  const [, id = ""] = /^lease ([0-9a-f]{16}) granted with TTL\(100s\)\n$/.exec(granted) ?? [];
  t.not(id, "");
  await server.output(`put a b --lease=${id}`);
  t.match(
    await server.output(`lease timetolive ${id} --keys`),
    /granted with TTL\(100s\), remaining\(\d+s\), attached keys\(\[a\]\)\n$/,
  );
  t.equal(await server.output("lease list"), `found 1 leases\n${id}\n`);
  t.match(await server.output(`lease keep-alive --once ${id}`), /keepalived with TTL\(100\)\n$/);
  t.equal(await server.output(`lease revoke ${id}`), `lease ${id} revoked\n`);
  t.equal(await server.output(`lease keep-alive ${id}`), `lease ${id} expired or revoked.\n`);
});

t.test("Members, endpoints and alarms are listed", async (t) => {
  const server = await fakeServer(t);
  await server.output("put a b");
  t.match(await server.output("member list"), /^[0-9a-f]+, started, default, http:.*, false\n$/);
  t.match(await server.output("member list -w table"), /^┌─+┬[^]*│ IS LEARNER │\n├[^]*┘\n$/);
  t.match(await server.output("endpoint status"), /^127\.0\.0\.1:2379, [0-9a-f]+, 3\.7\./);
  t.match(await server.output("endpoint health"), /is healthy: successfully committed proposal/);
  t.match(await server.output("endpoint hashkv"), /^127\.0\.0\.1:2379, \d+, 2\n$/);
  t.match(
    await server.output("defrag"),
    /^Finished defragmenting etcd member\[127\.0\.0\.1:2379\]/,
  );
  t.equal(await server.output("compaction 2"), "compacted revision 2\n");
  t.equal(await server.output("alarm list"), "");
  await server.client.maintenance.alarmActivate({ memberId: 5n, alarm: "nospace" });
  t.match(await server.output("alarm list"), /^memberID:5 alarm:NOSPACE\n$/);
  const { code, errors } = await server.run("endpoint health");
  t.equal(code, 1);
  t.match(errors, /is unhealthy: .*Active Alarm\(s\): NOSPACE \nError: unhealthy cluster\n$/);
  t.match(await server.output("alarm disarm"), /^memberID:5 alarm:NOSPACE\n$/);
});

t.test("The environment sets flags, and says so where it cannot", async (t) => {
  const server = await fakeServer(t);
  const json = { ETCDCTL_WRITE_OUT: "json" };
  t.match(await server.output("get none", { environment: json }), /^\{"header":\{"cluster_id":/);
  const both = await server.run("get none -w fields", { environment: json });
  t.equal(both.code, 1);
  t.match(JSON.parse(both.errors), { level: "fatal", "environment-variable": "ETCDCTL_WRITE_OUT" });
  const unknown = await server.run("get none", { environment: { ETCDCTL_API: "3" } });
  t.equal(unknown.code, 0);
  t.match(JSON.parse(unknown.errors), { level: "warn", "environment-variable": "ETCDCTL_API=3" });
});

t.test("lock holds until it is interrupted, and lets the next one in", async (t) => {
  const server = await fakeServer(t);
  const holder = server.begin("lock mine");
  await holder.printed("mine/");
  const waiting = server.begin("lock mine program 3");
  const keys = server.client.watch("mine/", { prefix: true, startRevision: 2 });
  let seen = 0;
  for await (const { events } of keys) {
    seen += events.length;
    if (seen === 2) break;
  }
  const { code, output } = await holder.interrupt();
  t.equal(code, 0);
  t.match(output, /^mine\/[0-9a-f]+\n\n$/);
  t.strictSame(await waiting.ended, { code: 3, output: "", errors: "Error: exit status 3\n" });
  t.match(waiting.programs, [{ variables: { ETCD_LOCK_KEY: /^mine\// } }]);
  t.equal(await server.output("get mine/ --prefix"), "");
});

t.test("elect leads until it is interrupted, and is observed", async (t) => {
  const server = await fakeServer(t);
  const leader = server.begin("elect post first");
  await leader.printed("first");
  const observer = server.begin("elect post -l");
  await observer.printed("first");
  const second = server.begin("elect post second");
  const keys = server.client.watch("post/", { prefix: true, startRevision: 3 });
  for await (const { events } of keys) if (events.length > 0) break;
  t.equal((await leader.interrupt()).code, 0);
  await second.printed("second");
  await observer.printed("second");
  t.equal((await observer.interrupt()).code, 0);
  t.equal((await second.interrupt()).code, 0);
});

t.test("Commands have exact names, and their subcommands the beginning of one", async (t) => {
  const server = await fakeServer(t);
  t.ok(isCommand("get"));
  t.notOk(isCommand("ge"));
  t.notOk(isCommand("bogus"));
  t.equal(await server.output("lease lis"), "found 0 leases\n");
  t.match(await server.output("lease bogus"), /^Grants, keeps and ends leases\n\nUsage:/);
});

t.test("auth, user and role ask the server", async (t) => {
  const server = await fakeServer(t);
  t.equal(await server.output("auth status"), "Authentication Status: false\nAuthRevision: 1\n");
  t.equal(await server.output("user list"), "");
  t.equal(
    await server.output("role list -w fields").then((text) => text.includes('"Roles" :\n')),
    true,
  );
  const nobody = await server.run("user get nobody");
  t.strictSame([nobody.code, nobody.errors], [1, "Error: etcdserver: user name not found\n"]);
  const different = await server.run("user add a", { secrets: ["one", "two"] });
  t.strictSame([different.code, different.errors], [128, "Error: given passwords are different\n"]);
  const permission = await server.run("role grant-permission r fly k");
  t.equal(permission.errors, "Error: invalid permission type: fly\n");
});
