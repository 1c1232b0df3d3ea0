import { PassThrough } from "node:stream";
import t from "tap";
import { OpenSockets } from "../../src/transport/open-sockets.ts";

void t.test("OpenSockets.drain() without sockets resolves at once", async (t) => {
  await new OpenSockets().drain({ graceMs: 3_600_000 });
  t.pass("resolved");
});

void t.test("OpenSockets.drain() waits for sockets that close by themselves", async (t) => {
  const sockets = new OpenSockets();
  const [first, second] = [new PassThrough(), new PassThrough()];
  sockets.add(first);
  sockets.add(second);
  let drained = false;
  const draining = sockets.drain({ graceMs: 3_600_000 }).then(() => (drained = true));
  first.destroy();
  await new Promise((resolve) => first.once("close", resolve));
  t.equal(drained, false);
  second.destroy();
  await draining;
  t.equal(drained, true);
});

void t.test("OpenSockets.drain() destroys what is left after the grace", async (t) => {
  const sockets = new OpenSockets();
  const socket = new PassThrough();
  sockets.add(socket);
  await sockets.drain({ graceMs: 1 });
  t.equal(socket.destroyed, true);
});

void t.test("OpenSockets.add() keeps a socket's error from being thrown", async (t) => {
  const sockets = new OpenSockets();
  const socket = new PassThrough();
  sockets.add(socket);
  socket.destroy(new Error("reset by peer"));
  await sockets.drain({ graceMs: 3_600_000 });
  t.equal(socket.destroyed, true);
});
