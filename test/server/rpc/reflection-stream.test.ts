import { setImmediate } from "node:timers/promises";
import t from "tap";
import { EMPTY_CONTEXT } from "../../../src/wire/index.ts";
import type { EtcdError } from "../../../src/wire/index.ts";
import { withServer } from "../server-fixture.ts";

t.test("Reflection answers each request of a stream in order, under both names", async (t) => {
  await withServer(async ({ client }) => {
    for (const method of ["reflection", "oldReflection"] as const) {
      const stream = client.stream(method);
      stream.send({ listServices: "" });
      stream.send({ fileByFilename: "kv.proto" });
      stream.end();
      const first = (await stream.next()).value;
      t.ok(first?.listServicesResponse?.service.some(({ name }) => name === "etcdserverpb.KV"));
      const second = (await stream.next()).value;
      t.equal(second?.fileDescriptorResponse?.fileDescriptorProto.length, 1);
      t.equal((await stream.next()).done, true, "and ends with its requests");
    }
  });
});

t.test("Reflection refuses what is no message, and too much at a time", async (t) => {
  await withServer(async ({ server }) => {
    const open = (): { ended: Promise<EtcdError | undefined>; write: (bytes: Buffer) => void } => {
      let write: (bytes: Buffer) => void = () => undefined;
      const ended = new Promise<EtcdError | undefined>((resolve) => {
        const output = { write: () => true, end: resolve };
        const input = server.stream("reflection", EMPTY_CONTEXT, output);
        write = (bytes) => input.write(bytes);
      });
      return { ended, write };
    };
    const malformed = open();
    malformed.write(Buffer.of(0x0a, 0x05, 0x01));
    t.match(await malformed.ended, { code: 13 });
    const flooded = open();
    for (let count = 0; count <= 1000; count++) flooded.write(Buffer.alloc(0));
    t.match(await flooded.ended, { reason: "tooManyRequests" });
  });
});

t.test("Reflection makes no more answers than its caller reads", async (t) => {
  await withServer(async ({ server }) => {
    let written = 0;
    let onWritten: () => void = () => undefined;
    let isEnded = false;
    const output = {
      write: () => {
        written++;
        onWritten();
        return false;
      },
      end: () => (isEnded = true),
    };
    const input = server.stream("reflection", EMPTY_CONTEXT, output);
    const next = (): Promise<void> => new Promise((resolve) => (onWritten = resolve));
    const first = next();
    // Of a file by its name.
    for (let count = 0; count < 3; count++) input.write(Buffer.from("\x1a\x08kv.proto"));
    await first;
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    t.equal(written, 1);
    const second = next();
    input.drained();
    await second;
    input.cancel();
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    t.equal(written, 2);
    t.equal(isEnded, false);
  });
});
