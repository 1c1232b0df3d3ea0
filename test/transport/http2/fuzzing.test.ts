/**
 * Calls that went well, with bytes changed, lost, doubled and swapped: no crash, no hang, nothing left
 * behind, and a neighbour on the same server is served all along. As long as `FUZZ_MS` says; the
 * seed is printed.
 */
import t from "tap";
import { FLAG, FRAME, PREFACE, frameOf } from "../../../src/transport/http2/frames.ts";
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";
import { SILENT_LOGGER } from "../../../src/wire/index.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { connectTo, prefixed, rawClient } from "./raw-client.ts";

/** Milliseconds; more in a nightly run. */
const FUZZ_MS = Number(process.env["FUZZ_MS"] ?? 2000);
const SEED = Number(process.env["FUZZ_SEED"] ?? Math.floor(Date.now() / 1000) % 2 ** 31);

/** Repeatable. Source: Mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A conversation of some calls, as frames. */
function conversation(random: (below: number) => number): Buffer[] {
  const encoder = new HpackEncoder(4096);
  const paths = ["KV/Put", "KV/Range", "Watch/Watch", "KV/Nothing", "Maintenance/Snapshot"];
  const frames: Buffer[] = [
    frameOf({ type: FRAME.settings, flags: 0, streamId: 0 }, Buffer.alloc(0)),
  ];
  for (let streamId = 1; streamId < 2 + random(20); streamId += 2) {
    const service = random(2) === 0 ? "etcdserverpb" : "grpc.x";
    const block = encoder.encode([
      { name: ":method", value: "POST" },
      { name: ":scheme", value: "http" },
      { name: ":path", value: `/${service}.${paths[random(paths.length)]}`, isCommon: true },
      { name: ":authority", value: "localhost", isCommon: true },
      { name: "content-type", value: "application/grpc", isCommon: true },
      { name: "grpc-timeout", value: `${random(1000)}m`, isCommon: random(2) === 0 },
      ...(random(3) === 0 ? [{ name: "grpc-encoding", value: "gzip", isCommon: true }] : []),
    ]);
    const data = prefixed(Buffer.alloc(random(200), "m"), random(4) === 0 ? 1 : 0);
    frames.push(
      frameOf({ type: FRAME.headers, flags: FLAG.endHeaders, streamId }, block),
      frameOf({ type: FRAME.data, flags: random(2), streamId }, data),
      frameOf(
        { type: random(12), flags: random(64), streamId: random(streamId + 3) },
        Buffer.alloc(random(9)),
      ),
    );
  }
  return frames;
}

function mutate(frames: Buffer[], random: (below: number) => number): Buffer {
  const mutated = frames.flatMap((frame) => {
    const choice = random(40);
    if (choice === 0) return [];
    if (choice === 1) return [frame, frame];
    return [Buffer.from(frame)];
  });
  if (random(4) === 0) mutated.reverse();
  const bytes = Buffer.concat([PREFACE, ...mutated]);
  for (let count = random(8); count > 0; count--) {
    const at = PREFACE.length + random(bytes.length - PREFACE.length);
    bytes[at] = random(2) === 0 ? random(256) : (bytes[at] ?? 0) ^ (1 << random(8));
  }
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

void t.test("GrpcServer outlives conversations gone wrong", async (t) => {
  t.comment(`seed ${SEED}`);
  const random = randomOf(SEED);
  let openStreams = 0;
  const bugs: unknown[] = [];
  const { client, server } = rawClient(t, {
    logger: { ...SILENT_LOGGER, error: (message, fields) => bugs.push({ message, ...fields }) },
    channel: echoChannel({
      unary: (method, request) => (method === "put" ? Promise.resolve(request) : request),
      stream: (_method, _context, output) => {
        openStreams += 1;
        return {
          write: (message) => void output.write(message),
          end: () => {
            openStreams -= 1;
            output.end();
          },
          cancel: () => void (openStreams -= 1),
          drained: () => undefined,
        };
      },
    }),
  });
  client.begin();
  const endMs = Date.now() + FUZZ_MS;
  let rounds = 0;
  for (; Date.now() < endMs; rounds++) {
    const rude = connectTo(server);
    const bytes = mutate(conversation(random), random);
    for (let at = 0; at < bytes.length;) {
      const size = 1 + random(bytes.length);
      rude.socket.write(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
    await new Promise(setImmediate);
    rude.socket.destroy();
    if (rounds % 50 !== 0) continue;
    const streamId = 2 * rounds + 1;
    client.call(streamId);
    const trailers = await client.trailers(streamId);
    if (trailers[0] !== "grpc-status: 0") t.fail(`round ${rounds}: ${trailers.join()}`);
    client.frames.length = 0;
  }
  while (openStreams > 0) await new Promise(setImmediate);
  t.same(bugs, []);
  t.ok(rounds > 10, `${rounds} rounds`);
});
