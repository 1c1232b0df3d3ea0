import t from "tap";
import { AuthState } from "../../../src/server/auth/auth-state.ts";
import {
  mustAccess,
  mustAccessKeys,
  mustBeAdmin,
  mustDelete,
  mustHoldLease,
  mustPut,
  mustTxn,
} from "../../../src/server/auth/permissions.ts";
import type { Caller } from "../../../src/server/auth/permissions.ts";
import { EtcdError, messages } from "../../../src/wire/index.ts";
import { bytes } from "../server-fixture.ts";

const { read, write, readwrite } = messages.PermissionType;

function user(name: string, roles: string[]): [string, messages.User] {
  return [name, { name: bytes(name), password: bytes(""), roles, options: undefined }];
}

function permission(permType: number, key: string, rangeEnd = ""): messages.Permission {
  return { permType, key: bytes(key), rangeEnd: bytes(rangeEnd) };
}

const STATE = new AuthState({
  enabled: true,
  revision: 5,
  users: new Map([user("root", ["root"]), user("ann", ["gone", "r"]), user("idle", [])]),
  roles: new Map([
    [
      "r",
      {
        name: bytes("r"),
        keyPermission: [
          permission(readwrite, "a", "b"),
          permission(read, "r"),
          permission(write, "w"),
          permission(7, "x"),
        ],
      },
    ],
  ]),
});

function caller(userName: string, authRevision = 5): Caller {
  return { userName, authRevision };
}

const ANN = caller("ann");
const range = (key: string, end = "") => ({ key: bytes(key), rangeEnd: bytes(end) });

t.test("mustAccess() tells apart why not, in etcd's order", (t) => {
  const ask = (who: Caller | undefined, key = "a") => mustAccess(STATE, who, "read", range(key));
  t.throws(() => ask(undefined), new EtcdError("userEmpty"));
  t.throws(() => ask(caller("root", 0)), new EtcdError("userEmpty"));
  t.throws(() => ask(caller("root", 4)), new EtcdError("authOldRevision"), "also for root");
  t.throws(() => ask(caller("nobody")), new EtcdError("permissionDenied"));
  t.throws(() => ask(caller("")), new EtcdError("permissionDenied"));
  t.throws(() => ask(caller("idle")), new EtcdError("permissionDenied"));
  t.throws(() => ask(ANN, "x"), new EtcdError("permissionDenied"), "a type that means nothing");
  ask(ANN);
  ask(caller("ann", 6));
  ask(caller("root"), "anything");
  mustAccess(STATE.with({ enabled: false }), undefined, "write", range("z"));
  t.end();
});

t.test("mustBeAdmin() tells apart why not", (t) => {
  t.throws(() => mustBeAdmin(STATE, undefined), new EtcdError("userEmpty"));
  t.throws(() => mustBeAdmin(STATE, caller("")), new EtcdError("userEmpty"));
  t.throws(() => mustBeAdmin(STATE, caller("nobody")), new EtcdError("userNotFound"));
  t.throws(() => mustBeAdmin(STATE, ANN), new EtcdError("permissionDenied"));
  mustBeAdmin(STATE, caller("root", 1));
  mustBeAdmin(STATE.with({ enabled: false }), undefined);
  t.end();
});

t.test("Writes need what they tell, too", (t) => {
  const denied = new EtcdError("permissionDenied");
  const put = (key: string, fields: messages.PutRequestInit = {}) => {
    const request = messages.encodePutRequest({ key: bytes(key), ...fields });
    mustPut(STATE, ANN, messages.decodePutRequest(request), () => undefined);
  };
  put("w");
  put("a", { prevKv: true });
  t.throws(() => put("r"), denied);
  t.throws(() => put("w", { prevKv: true }), denied);
  const remove = (key: string, prevKv: boolean) =>
    mustDelete(STATE, ANN, { ...range(key), prevKv });
  remove("w", false);
  t.throws(() => remove("w", true), denied);
  t.throws(() => remove("r", true), denied);
  t.end();
});

t.test("A lease needs all of its keys", (t) => {
  const lease = { id: 1n, ttl: 1, remainingTtl: 0, deadlineMs: 0, keys: new Set(["a", "w"]) };
  const other = { ...lease, keys: new Set(["a", "r"]) };
  mustHoldLease(STATE, ANN, 1n, () => lease);
  mustHoldLease(STATE, ANN, 1n, () => undefined);
  t.throws(() => mustHoldLease(STATE, ANN, 1n, () => other), new EtcdError("permissionDenied"));
  mustHoldLease(STATE, caller("root", 1), 1n, () => other);
  t.throws(() => mustHoldLease(STATE, undefined, 1n, () => lease), new EtcdError("userEmpty"));
  mustAccessKeys(STATE, ANN, "read", other.keys);
  t.throws(() => mustAccessKeys(STATE, ANN, "read", lease.keys), new EtcdError("permissionDenied"));
  t.end();
});

t.test("A transaction needs its conditions and both branches, to the last", (t) => {
  const allowed = { requestPut: { key: bytes("w") } };
  const denied = [
    { requestRange: range("w") },
    { requestPut: { key: bytes("r") } },
    { requestDeleteRange: { ...range("w"), prevKv: true } },
    { requestDeleteRange: range("r") },
    { requestTxn: { compare: [range("w")] } },
    { requestTxn: { failure: [{ requestTxn: { success: [{ requestRange: range("z") }] } }] } },
  ];
  const ask = (request: messages.TxnRequestInit) => {
    const bytesOf = messages.encodeTxnRequest(request);
    mustTxn(STATE, ANN, messages.decodeTxnRequest(bytesOf), () => undefined);
  };
  ask({ compare: [range("r")], success: [allowed], failure: [allowed] });
  for (const operation of denied) {
    t.throws(() => ask({ success: [allowed, operation] }), new EtcdError("permissionDenied"));
    t.throws(() => ask({ failure: [operation] }), new EtcdError("permissionDenied"));
  }
  t.throws(() => ask({ compare: [range("w")] }), new EtcdError("permissionDenied"));
  t.end();
});
