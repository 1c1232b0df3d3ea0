import t from "tap";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

t.test("Auth.status() tells whether it is on", async (t) => {
  const channel = new FakeChannel();
  channel.answer = messages.encodeAuthStatusResponse({ enabled: true, authRevision: 4 });
  const status = await new Client(channel).auth.status();
  t.strictSame([status.enabled, status.authRevision], [true, 4]);
  t.equal(channel.call.method, "authStatus");
});
