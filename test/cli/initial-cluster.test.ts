import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { checkInitialCluster } from "../../src/cli/initial-cluster.ts";
import { parseServiceUrls } from "../../src/cli/service-url.ts";

const PEER_URL = "http://localhost:2380";

function check(name: string, members: string, peerUrls = PEER_URL, state = "new"): void {
  checkInitialCluster({ name, members, advertisePeerUrls: parseServiceUrls(peerUrls), state });
}

t.test("checkInitialCluster() lets the only member pass", (t) => {
  t.doesNotThrow(() => check("a", `a=${PEER_URL}`));
  t.doesNotThrow(() => check("a", `,a=${PEER_URL},`));
  t.doesNotThrow(() => check("a", "a=http://127.0.0.1:2380"), "localhost is that address");
  t.doesNotThrow(() => check("a", "a=http://x:1,a=http://y:2", "http://y:2,http://x:1"));
  t.end();
});

t.test("checkInitialCluster() refuses with etcd's texts", (t) => {
  const cases: readonly (readonly [Parameters<typeof check>, string])[] = [
    [["x", `y=${PEER_URL}`], `couldn't find local name "x" in the initial cluster configuration`],
    [["x", ""], `couldn't find local name "x" in the initial cluster configuration`],
    [
      ["x", "x"],
      "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: ",
    ],
    [
      ["x", "x=http://localhost:2381"],
      "--initial-cluster has x=http://localhost:2381 but missing from " +
        "--initial-advertise-peer-urls=http://localhost:2380 " +
        '(resolved urls: "http://localhost:2380" != "http://localhost:2381")',
    ],
    [
      ["x", `x=${PEER_URL}`, PEER_URL, "existing"],
      "cannot fetch cluster info from peer urls: " +
        "could not retrieve cluster information from the given URLs",
    ],
  ];
  for (const [args, message] of cases) {
    t.throws(() => check(...args), new ConfigurationError(message, "start"), args.join(" "));
  }
  t.end();
});

t.test("checkInitialCluster() refuses more than one member, by their names", (t) => {
  t.throws(
    () => check("a", `b=http://b:2380,a=${PEER_URL}`),
    new ConfigurationError(
      '--initial-cluster names 2 members ("a", "b"), ' +
        "but a cluster of several members is not built yet: name only this one",
      "start",
    ),
  );
  t.end();
});
