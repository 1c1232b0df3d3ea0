import t from "tap";
import { FEATURE_GATES } from "../../src/cli/feature-gates.ts";
import { formerFlag } from "../../src/cli/former-flags.ts";

t.test("formerFlag() says what a flag of etcd 3.6 is today", (t) => {
  const interval = { kind: "flag", name: "watch-progress-notify-interval" };
  t.same(formerFlag("experimental-watch-progress-notify-interval"), interval);
  t.same(formerFlag("experimental-peer-skip-client-san-verification"), {
    kind: "flag",
    name: "peer-skip-client-san-verification",
  });
  const gates = [
    "initial-corrupt-check",
    "compact-hash-check-enabled",
    "enable-lease-checkpoint",
    "enable-lease-checkpoint-persist",
    "stop-grpc-service-on-defrag",
    "txn-mode-write-with-shared-buffer",
    "set-member-localaddr",
  ];
  for (const name of gates) {
    const flag = formerFlag(`experimental-${name}`);
    t.ok(flag?.kind === "gate" && FEATURE_GATES.has(flag.gate), name);
  }
  t.end();
});

t.test("formerFlag() knows no other names", (t) => {
  for (const name of [
    "watch-progress-notify-interval",
    "experimental-",
    "experimental-nosuch",
    "experimental-experimental-name",
    "experimental-toString",
    "enable-v2",
  ]) {
    t.equal(formerFlag(name), undefined, name);
  }
  t.end();
});
