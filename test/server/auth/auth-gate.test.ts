import { createHash } from "node:crypto";
import t from "tap";
import { AuthGate } from "../../../src/server/auth/auth-gate.ts";
import { EtcdError, SILENT_LOGGER } from "../../../src/wire/index.ts";
import type { CallContext, LogFields } from "../../../src/wire/index.ts";
import { NO_AUTH, authStore, bytes } from "../server-fixture.ts";

const ANN = { userName: "ann", authRevision: 4 };
const ON = NO_AUTH.with({ enabled: true, revision: 4 });

function open(
  options: { readonly state?: typeof ON; readonly hasCertificateUsers?: boolean } = {},
) {
  const { state = ON, hasCertificateUsers = true } = options;
  const warnings: (LogFields | undefined)[] = [];
  const gate = new AuthGate({
    auth: authStore(state),
    tokens: {
      callerOf: (token, at) => {
        t.same(at, { authRevision: 4, appliedIndex: 9 });
        return token === "good" ? ANN : undefined;
      },
      create: () => undefined,
      sign: () => "",
      assign: () => undefined,
      invalidate: () => undefined,
      clear: () => undefined,
    },
    appliedIndex: () => 9,
    hasCertificateUsers,
    logger: { ...SILENT_LOGGER, warn: (_message, fields) => void warnings.push(fields) },
  });
  return { gate, warnings };
}

function context(metadata: Readonly<Record<string, string>>, certificate?: string): CallContext {
  const names = new Map(Object.entries(metadata));
  return { metadata: (name) => names.get(name), certificateName: () => certificate };
}

t.test("AuthGate says whether names in certificates are those of users", async (t) => {
  t.equal(open().gate.areNamesUsers, true);
  t.equal(open({ state: NO_AUTH }).gate.areNamesUsers, false, "while authentication is off");
  t.equal(open({ hasCertificateUsers: false }).gate.areNamesUsers, false);
});

t.test("AuthGate knows callers by their token, and then by their certificate", (t) => {
  const { gate, warnings } = open();
  const certified = { userName: "cert", authRevision: 4 };
  t.equal(gate.callerOf(context({})), undefined);
  t.same(gate.callerOf(context({ token: "good" }, "cert")), ANN);
  t.same(gate.callerOf(context({ authorization: "Bearer good" })), ANN);
  t.same(gate.callerOf(context({}, "cert")), certified);
  t.same(gate.callerOf(context({}, "")), { userName: "", authRevision: 4 }, "without a name");
  t.equal(gate.callerOf(context({ "grpcgateway-accept": "" }, "cert")), undefined);
  t.equal(gate.callerOf({ metadata: () => undefined }), undefined, "in the same process");
  const wrong = () => gate.callerOf(context({ token: "bad" }, "cert"));
  t.throws(wrong, new EtcdError("invalidAuthToken"), "not by the certificate then");
  const fingerprint = createHash("sha256").update("bad").digest("hex").slice(0, 12);
  t.same(warnings, [{ "token-fingerprint": fingerprint }]);
  const { gate: without } = open({ hasCertificateUsers: false });
  t.equal(without.callerOf(context({}, "cert")), undefined);
  t.end();
});

t.test("AuthGate asks nobody while authentication is off", (t) => {
  const { gate } = open({ state: ON.with({ enabled: false }) });
  t.equal(gate.callerOf(context({ token: "bad" })), undefined);
  t.equal(gate.requireCaller(context({})), undefined);
  t.equal(gate.requireAdmin(context({})), undefined);
  gate.checkUnchanged(undefined);
  t.end();
});

t.test("AuthGate requires somebody, or root", (t) => {
  const root = { name: bytes("ann"), password: bytes(""), roles: ["root"], options: undefined };
  const { gate } = open();
  t.throws(() => gate.requireCaller(context({})), new EtcdError("userEmpty"));
  t.same(gate.requireCaller(context({ token: "good" })), ANN);
  t.ok(gate.requireCaller(context({}, "")), "a certificate without a name is somebody's");
  t.throws(() => gate.requireAdmin(context({})), new EtcdError("userEmpty"));
  t.throws(() => gate.requireAdmin(context({ token: "good" })), new EtcdError("userNotFound"));
  const { gate: other } = open({ state: ON.with({ users: new Map([["ann", root]]) }) });
  t.same(other.requireAdmin(context({ token: "good" })), ANN);
  t.end();
});

t.test("AuthGate.checkUnchanged() refuses callers of another revision", (t) => {
  const { gate } = open();
  gate.checkUnchanged(ANN);
  gate.checkUnchanged({ userName: "x", authRevision: 0 });
  for (const authRevision of [3, 5]) {
    const check = () => gate.checkUnchanged({ userName: "ann", authRevision });
    t.throws(check, new EtcdError("authOldRevision"));
  }
  t.end();
});
