import t from "tap";
import { UserChannel } from "../../src/client/user-channel.ts";
import { EMPTY_CONTEXT, EtcdError, messages } from "../../src/wire/index.ts";
import type { CallContext, ErrorReason, UnaryMethod } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

const CREDENTIALS = { user: "ann", password: "secret" };
const NOTHING = new Uint8Array();

/** A server that hands out tokens, and takes only the newest. */
class TokenServer extends FakeChannel {
  token = 0;
  refusal: ErrorReason = "invalidAuthToken";
  loginRefusal: ErrorReason | undefined = undefined;

  override unary(method: UnaryMethod, request: Uint8Array, context: CallContext): Uint8Array {
    this.calls.push({ method, request, context });
    if (method === "authenticate") {
      if (this.loginRefusal !== undefined) throw new EtcdError(this.loginRefusal);
      t.match(messages.decodeAuthenticateRequest(request), { name: "ann", password: "secret" });
      return messages.encodeAuthenticateResponse({ token: `t.${++this.token}` });
    }
    const isGood =
      this.loginRefusal !== undefined || context.metadata("token") === `t.${this.token}`;
    if (!isGood) throw new EtcdError(this.refusal);
    return NOTHING;
  }

  get methods(): string[] {
    return this.calls.splice(0).map(({ method }) => method);
  }
}

function open() {
  const server = new TokenServer();
  return { server, channel: new UserChannel(server, CREDENTIALS) };
}

t.test("UserChannel gets a token once, and another when it is refused", async (t) => {
  const { server, channel } = open();
  const call = () => channel.unary("range", NOTHING, EMPTY_CONTEXT);
  await Promise.all([call(), call()]);
  t.same(server.methods, ["authenticate", "range", "range"]);
  for (const reason of ["invalidAuthToken", "authOldRevision", "userEmpty"] as const) {
    server.refusal = reason;
    server.token++;
    await Promise.all([call(), call()]);
    const expected = ["authenticate", "range", "range", "range", "range"];
    t.same(server.methods.sort(), expected, reason);
  }
  server.refusal = "permissionDenied";
  server.token++;
  await t.rejects(call(), new EtcdError("permissionDenied"));
  t.same(server.methods, ["range"]);
});

t.test(
  "UserChannel tells of a login that is refused, and of auth that is off nothing",
  async (t) => {
    const { server, channel } = open();
    server.loginRefusal = "authFailed";
    await t.rejects(channel.authenticate(), new EtcdError("authFailed"));
    server.loginRefusal = "authNotEnabled";
    server.calls.length = 0;
    for (let count = 0; count < 2; count++) await channel.unary("put", NOTHING, EMPTY_CONTEXT);
    t.same(server.methods, ["authenticate", "put", "put"], "nobody is asked again");
    await channel.unary("authenticate", NOTHING, EMPTY_CONTEXT).catch(() => undefined);
    t.same(server.methods, ["authenticate"], "somebody else's login is their own");
  },
);

t.test("UserChannel opens a stream with a token that was tried", async (t) => {
  const { server, channel } = open();
  const context = { metadata: (name: string) => (name === "hasleader" ? "true" : undefined) };
  const ends: (EtcdError | undefined)[] = [];
  const output = { write: () => true, end: (error?: EtcdError) => void ends.push(error) };
  const input = channel.stream("watch", context, output);
  input.write(Buffer.from("1"));
  input.end();
  t.equal(server.streams.length, 0);
  await channel.authenticate();
  await new Promise(setImmediate);
  t.same(server.methods, ["authenticate", "authStatus"]);
  const { lastStream } = server;
  t.same(
    [lastStream.context.metadata("token"), lastStream.context.metadata("hasleader")],
    ["t.1", "true"],
  );
  t.same([lastStream.sent.map(String), lastStream.ended], [["1"], true]);
  input.write(Buffer.from("2"));
  input.drained();
  input.cancel();
  t.same([lastStream.sent.length, lastStream.drainedCount, lastStream.canceled], [2, 1, true]);
  const given = channel.stream("watch", context, output);
  given.cancel();
  await new Promise(setImmediate);
  t.equal(server.streams.length, 1, "one that was given up is not opened");
  t.same(ends, []);
});

t.test("UserChannel ends a stream that has no token, or too much to say before", async (t) => {
  const { server, channel } = open();
  const ended = new Promise((resolve) => {
    const input = channel.stream("watch", EMPTY_CONTEXT, { write: () => true, end: resolve });
    for (let count = 0; count < 1001; count++) input.write(NOTHING);
  });
  t.match(await ended, { reason: "tooManyRequests" });
  server.loginRefusal = "authFailed";
  const other = new UserChannel(server, CREDENTIALS);
  const refused = new Promise((resolve) => {
    other.stream("watch", EMPTY_CONTEXT, { write: () => true, end: resolve });
  });
  t.match(await refused, { reason: "authFailed" });
});
