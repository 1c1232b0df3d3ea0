import { Writable } from "node:stream";
import type { Duplex } from "node:stream";
import fc from "fast-check";
import t from "tap";
import { FrameReader } from "../../../src/transport/http2/frame-reader.ts";
import { FLAG, FRAME } from "../../../src/transport/http2/frames.ts";
import { Output } from "../../../src/transport/http2/output.ts";
import { NO_TRAILERS, Sender } from "../../../src/transport/http2/sender.ts";
import { Http2Stream } from "../../../src/transport/http2/stream.ts";

/** What a far end sees of one stream. */
interface Seen {
  bytes: number;
  sum: number;
  isEnded: boolean;
}

const STREAMS = 3;

/** Sends to a far end that checks its windows. */
class Scene {
  readonly seen: Seen[] = Array.from({ length: STREAMS }, () => ({
    bytes: 0,
    sum: 0,
    isEnded: false,
  }));
  readonly windows: number[] = [];
  readonly streams: Http2Stream[] = [];
  readonly sent: { bytes: number; sum: number }[] = [];
  readonly sender: Sender;
  readonly output: Output;
  window = 65_535;
  drainedCount = 0;
  blockedCount = 0;
  problem: string | undefined;

  constructor(initialWindow: number) {
    const reader = new FrameReader({
      frame: (type, flags, streamId, source, start, end) => {
        if (type === FRAME.data) this.#take((streamId - 1) / 2, flags, source.subarray(start, end));
      },
    });
    const socket = new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        reader.read(chunk);
        callback();
      },
    });
    // Of a duplex only the writing side is used.
    this.output = new Output(socket as Duplex, () => this.sender.pump());
    this.sender = new Sender(this.output, {
      localEnded: () => undefined,
      resetRequested: () => undefined,
    });
    this.sender.initialWindow = initialWindow;
    for (let index = 0; index < STREAMS; index++) {
      const stream = streamOf(this.sender, 2 * index + 1);
      stream.receiver = {
        data: () => true,
        ended: () => undefined,
        canceled: () => undefined,
        drained: () => void this.drainedCount++,
      };
      this.streams.push(stream);
      this.windows.push(initialWindow);
      this.sent.push({ bytes: 0, sum: 0 });
    }
  }

  send(index: number, bytes: number): void {
    this.#send(index, bytes, (stream, payload) => stream.sendData(NOTHING, payload));
  }

  /** The same in parts, of which the first two are only lent. */
  sendParts(index: number, bytes: number): void {
    this.#send(index, bytes, (stream, payload) => {
      const [prefix, head] = [
        Buffer.from(payload.subarray(0, 5)),
        Buffer.from(payload.subarray(5, 9)),
      ];
      const middle = Math.max(9, Math.floor(bytes / 2));
      const blocks = [payload.subarray(9, middle), payload.subarray(middle)];
      const hasRoom = stream.sendParts(prefix, head, blocks);
      prefix.fill(0);
      head.fill(0);
      if (hasRoom && stream.queueBytes > 0) this.problem = "has to wait, and does not say so";
      return hasRoom;
    });
  }

  #send(
    index: number,
    bytes: number,
    write: (stream: Http2Stream, payload: Buffer) => boolean,
  ): void {
    const sent = this.sent[index];
    const stream = this.streams[index];
    if (sent === undefined || stream === undefined) return;
    const payload = Buffer.alloc(bytes, bytes % 251);
    for (const byte of payload) sent.sum = (sent.sum * 31 + byte) % 1_000_003;
    sent.bytes += bytes;
    const wasBlocked = stream.isBlocked;
    const drainedCount = this.drainedCount;
    if (!write(stream, payload) && !wasBlocked) this.blockedCount += 1;
    if (this.drainedCount > drainedCount) this.problem = "drained within a write";
  }

  widen(index: number, bytes: number): void {
    const stream = this.streams[index];
    if (stream === undefined) return;
    this.windows[index] = (this.windows[index] ?? 0) + bytes;
    this.sender.widenStream(stream, bytes);
  }

  widenAll(bytes: number): void {
    this.window += bytes;
    this.sender.widen(bytes);
  }

  #take(index: number, flags: number, payload: Buffer): void {
    const seen = this.seen[index];
    if (seen === undefined || seen.isEnded) {
      this.problem = "after the end";
      return;
    }
    seen.bytes += payload.length;
    for (const byte of payload) seen.sum = (seen.sum * 31 + byte) % 1_000_003;
    seen.isEnded = (flags & FLAG.endStream) !== 0;
    const total = this.seen.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > this.window || seen.bytes > (this.windows[index] ?? 0)) this.problem = "window";
  }
}

const NOTHING = new Uint8Array(0);

function streamOf(sender: Sender, id: number): Http2Stream {
  return new Http2Stream({
    id,
    sender,
    openedAtMs: 0,
    received: { count: 0 },
    receiveWindow: 0,
  });
}

void t.test("Sender keeps to the windows, and sends everything in order and once", (t) => {
  const index = fc.integer({ min: 0, max: STREAMS - 1 });
  const bytes = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 400_000 }));
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), index, bytes }),
    fc.record({ kind: fc.constant("sendParts" as const), index, bytes }),
    fc.record({ kind: fc.constant("widen" as const), index, bytes }),
    fc.record({ kind: fc.constant("widenAll" as const), index, bytes }),
    fc.record({ kind: fc.constant("flush" as const), index, bytes }),
  );
  const window = fc.constantFrom(0, 1, 100, 65_535, 1_000_000);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), window, (steps, initialWindow) => {
      const scene = new Scene(initialWindow);
      for (const one of steps) {
        if (one.kind === "flush") scene.output.flush();
        else if (one.kind === "widenAll") scene.widenAll(one.bytes);
        else scene[one.kind](one.index, one.bytes);
      }
      for (const stream of scene.streams) stream.sendEnd(NO_TRAILERS);
      scene.widenAll(100_000_000);
      for (let each = 0; each < STREAMS; each++) scene.widen(each, 100_000_000);
      // Each flush makes room for more; otherwise that is left to the end of a tick.
      for (let count = 0; count < 100; count++) scene.output.flush();
      return (
        scene.problem === undefined &&
        scene.sender.heldBytes === 0 &&
        // One that was ended while it was blocked has no more use for room.
        scene.drainedCount <= scene.blockedCount &&
        scene.seen.every(
          (seen, each) =>
            seen.isEnded &&
            seen.bytes === scene.sent[each]?.bytes &&
            seen.sum === scene.sent[each]?.sum,
        )
      );
    }),
    { numRuns: 60 },
  );
  t.pass();
  t.end();
});

void t.test("Sender lets nothing into a header block of many frames", (t) => {
  const frames: string[] = [];
  const reader = new FrameReader({
    frame: (type, flags, streamId) => frames.push(`${type} ${flags} ${streamId}`),
  });
  let isFull = true;
  const finish: (() => void)[] = [];
  const socket = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      reader.read(chunk);
      if (isFull) finish.push(callback);
      else callback();
    },
  });
  const output = new Output(socket as Duplex, () => sender.pump());
  const sender: Sender = new Sender(output, {
    localEnded: () => undefined,
    resetRequested: () => undefined,
  });
  sender.initialWindow = 2 ** 30;
  sender.widen(2 ** 30);
  const [large, small] = [1, 3].map((id) => streamOf(sender, id));
  large?.sendData(NOTHING, Buffer.alloc(1_000_000));
  output.flush();
  t.ok((large?.queueBytes ?? 0) > 500_000, "waits for the socket");
  // There is room again, and nobody knows yet.
  isFull = false;
  for (const done of finish) done();
  frames.length = 0;
  small?.sendHeadOnly({ encode: () => new Uint8Array(600_000) });
  output.flush();
  const first = frames.indexOf(`${FRAME.headers} ${FLAG.endStream} 3`);
  const last = frames.indexOf(`${FRAME.continuation} ${FLAG.endHeaders} 3`);
  t.ok(first >= 0 && last > first + 30, frames.join());
  const between = new Set(frames.slice(first + 1, last));
  t.same([...between], [`${FRAME.continuation} 0 3`]);
  t.ok(frames.includes(`${FRAME.data} 0 1`), "the other goes on");
  t.end();
});
