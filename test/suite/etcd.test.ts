/**
 * The suite on the real etcd: shows that what the suite says is so.
 *
 * Needs the binary's path in ETCD_BIN. Without it the suite is skipped, or fails where
 * ETCDLET_REQUIRE_PEERS is 1.
 */
import t from "tap";
import { etcdTarget } from "./etcd-target.ts";
import { runSuite } from "./run.ts";

const { ETCD_BIN: binary = "", ETCDLET_REQUIRE_PEERS: required } = process.env;

if (binary !== "") {
  await runSuite(etcdTarget(binary));
} else if (required === "1") {
  t.fail("ETCD_BIN is not set, and ETCDLET_REQUIRE_PEERS asks for it");
} else {
  t.plan(0, "ETCD_BIN is not set: no real etcd to run on");
}
