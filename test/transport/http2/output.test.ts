import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { Writable } from "node:stream";
import type { Duplex } from "node:stream";
import t from "tap";
import { Output } from "../../../src/transport/http2/output.ts";

/** The two ends of a connection, closed with the test. */
async function socketPair(test: {
  teardown(end: () => void): void;
}): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  const far = connect(port, "127.0.0.1");
  const [near] = (await once(server, "connection")) as [Socket];
  test.teardown(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

const CHUNKS = 6_000;

/** A chunk of its own for each index: no two buffers' contents look alike. */
function chunkOf(index: number): Buffer {
  return Buffer.alloc(1 + ((index * 7_919) % 5_000), `chunk ${String(index)} `);
}

void t.test("Output reuses memory, and what a slow far end gets is what was written", async (t) => {
  const pairs = [await socketPair(t), await socketPair(t)];
  const used = new Set<Buffer>();
  const expected = createHash("sha1");
  for (let index = 0; index < CHUNKS; index++) expected.update(chunkOf(index));
  const wanted = expected.digest("hex");
  const digests = pairs.map(async ({ near, far }) => {
    const found = createHash("sha1");
    far.on("data", (chunk: Buffer) => {
      found.update(chunk);
      far.pause();
      setImmediate(() => far.resume());
    });
    const ended = once(far, "end");
    const output = new Output(near, () => undefined);
    for (let index = 0; index < CHUNKS; index++) {
      output.append(chunkOf(index));
      used.add(output.buffer);
      if (output.waitingBytes < 512 * 1024) continue;
      output.flush();
      if (near.writableNeedDrain) await once(near, "drain");
    }
    output.flush();
    near.end();
    await ended;
    return found.digest("hex");
  });
  t.same(await Promise.all(digests), [wanted, wanted]);
  const usedBytes = [...used].reduce((sum, { length }) => sum + length, 0);
  t.ok(usedBytes < 8_000_000, `${String(usedBytes)} bytes of buffers for 30 million`);
});

void t.test("Output never writes again to what it gave to a stream that is no socket", (t) => {
  const kept: { chunk: Buffer; text: string }[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      kept.push({ chunk, text: chunk.toString("latin1") });
      callback();
    },
  });
  // Of a duplex only the writing side is used.
  const output = new Output(stream as Duplex, () => undefined);
  for (let index = 0; index < 200; index++) {
    output.append(chunkOf(index));
    if (index % 40 === 0) output.flush();
  }
  output.flush();
  t.ok(kept.length > 5);
  t.equal(kept.filter(({ chunk, text }) => chunk.toString("latin1") !== text).length, 0);
  t.end();
});
