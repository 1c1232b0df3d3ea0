/**
 * Exchanges every message of proto with the real etcd: it must understand what we write, and what
 * it writes must hold nothing that proto does not have. A field whose number or type were wrong
 * would show as an unknown field, or have no effect.
 *
 * Needs the binary's path in ETCD_BIN. Without it the test is skipped, or fails where
 * ETCDLET_REQUIRE_PEERS is 1.
 */
import protobuf from "protobufjs";
import t from "tap";
import type { Test } from "tap";
import { MESSAGE_TYPES, PROTOS } from "../wire/reference.ts";
import { api } from "./api.ts";
import { authScene, healthScene } from "./auth-scene.ts";
import { Exchange, Ledger } from "./exchange.ts";
import { kvScene } from "./kv-scene.ts";
import { electionScene, leaseScene, lockScene } from "./lease-scene.ts";
import { maintenanceScene, memberScene } from "./member-scene.ts";
import { startMembers } from "./members.ts";
import { watchScene } from "./watch-scene.ts";

/** Answers of etcd that leave a field out, always. */
const NEVER_SENT = [
  "DefragmentResponse.header",
  "LeaseGrantResponse.error",
  "MoveLeaderResponse.header",
  "SnapshotResponse.header",
];

/** Messages that no client sends or receives: between members, or in the database file only. */
const NOT_FOR_CLIENTS = [
  "DowngradeVersionTestRequest",
  "Lease",
  "LeaseCheckpoint",
  "LeaseCheckpointRequest",
  "LeaseCheckpointResponse",
  "Role",
  "User",
];

const { ETCD_BIN: binary = "", ETCDLET_REQUIRE_PEERS: required } = process.env;

if (binary !== "") {
  t.test("every message is exchanged with the real etcd", (t) => exchangeAll(t, binary));
} else if (required === "1") {
  t.fail("ETCD_BIN is not set, and ETCDLET_REQUIRE_PEERS asks for it");
} else {
  t.plan(0, "ETCD_BIN is not set: no real etcd to talk to");
}

async function exchangeAll(t: Test, binary: string): Promise<void> {
  const ledger = new Ledger();
  const members = await startMembers(binary);
  const exchange = new Exchange(members.address, ledger);
  t.teardown(async () => {
    exchange.close();
    await members.stop();
  });
  const etcd = api(exchange);
  await t.test("KV", (t) => kvScene(t, etcd));
  await t.test("Watch", (t) => watchScene(t, etcd));
  await t.test("Lease", (t) => leaseScene(t, etcd));
  await t.test("Lock", (t) => lockScene(t, etcd));
  await t.test("Election", (t) => electionScene(t, etcd));
  await t.test("Health", (t) => healthScene(t, etcd));
  await t.test("Maintenance", (t) => maintenanceScene(t, etcd));
  await t.test("Cluster", (t) => memberScene(t, etcd, members, ledger));
  await t.test("Auth", (t) => authScene(t, etcd, exchange));

  t.strictSame([...ledger.unknown], [], "no field that proto does not have");
  t.strictSame([...ledger.changed], [], "decoding and encoding changes no byte");
  t.strictSame([...ledger.called].toSorted(), pathsOfEtcd().toSorted(), "every method was called");
  const unseen = MESSAGE_TYPES.filter(
    (type) => !NOT_FOR_CLIENTS.includes(type.name) && isOfEtcd(type.fullName),
  )
    .flatMap((type) => type.fieldsArray.map((field) => `${type.name}.${field.name}`))
    .filter((field) => !ledger.seen.has(field));
  t.strictSame(unseen.toSorted(), NEVER_SENT, "every other field was seen with a value");
}

/** Server reflection is ours alone. */
function isOfEtcd(name: string): boolean {
  return !name.includes("grpc.reflection.");
}

function pathsOfEtcd(): string[] {
  return paths(PROTOS).filter(isOfEtcd);
}

function paths(namespace: protobuf.NamespaceBase): string[] {
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof protobuf.Service) {
      const service = nested.fullName.slice(1);
      return nested.methodsArray.map((method) => `/${service}/${method.name}`);
    }
    return nested instanceof protobuf.Namespace ? paths(nested) : [];
  });
}
