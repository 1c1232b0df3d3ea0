import { Writable } from "node:stream";
import type { Duplex } from "node:stream";
import fc from "fast-check";
import t from "tap";
import { DataFrames } from "../../../src/transport/http2/data-frames.ts";
import { FrameReader } from "../../../src/transport/http2/frame-reader.ts";
import { FRAME, FRAME_HEAD_BYTES, writeFrameHead } from "../../../src/transport/http2/frames.ts";
import { Output } from "../../../src/transport/http2/output.ts";

/** Frames as a far end reads them. */
class Scene {
  readonly frames: { streamId: number; payload: string }[] = [];
  readonly output: Output;
  readonly data: DataFrames;
  /** What others send when the output has flushed. */
  onFlushed: () => void = () => undefined;

  constructor() {
    const reader = new FrameReader({
      frame: (_type, _flags, streamId, source, start, end) => {
        this.frames.push({ streamId, payload: source.toString("latin1", start, end) });
      },
    });
    const socket = new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        reader.read(chunk);
        callback();
      },
    });
    // Of a duplex only the writing side is used.
    this.output = new Output(socket as Duplex, () => this.onFlushed());
    this.data = new DataFrames(this.output);
  }

  ping(): void {
    const at = this.output.reserve(FRAME_HEAD_BYTES + 8);
    writeFrameHead(this.output.buffer, at, 8, FRAME.ping, 0, 0);
    this.output.buffer.fill("p", at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + 8);
  }

  /** The payload of one stream. */
  of(streamId: number): string {
    const own = this.frames.filter((frame) => frame.streamId === streamId);
    return own.map(({ payload }) => payload).join("");
  }
}

void t.test("DataFrames goes on with a frame while nothing else came and it has not left", (t) => {
  const { data, output, frames } = new Scene();
  const append = (streamId: number, text: string): void => {
    data.append(streamId, Buffer.from(text), 8);
  };
  append(1, "ab");
  append(1, "cd");
  append(3, "x");
  append(1, "ef");
  append(1, "gh12345");
  output.flush();
  append(1, "z");
  output.flush();
  t.same(
    frames.map(({ streamId, payload }) => `${String(streamId)} ${payload}`),
    ["1 abcd", "3 x", "1 efgh1234", "1 5", "1 z"],
  );
  t.end();
});

void t.test("DataFrames tells apart what others send while its own payload is flushed", (t) => {
  const scene = new Scene();
  const { data, output, frames } = scene;
  scene.onFlushed = () => {
    scene.onFlushed = () => undefined;
    data.append(3, Buffer.from("ab"), 1000);
    scene.ping();
  };
  // The last of them is what the output does not wait with for the tick's end.
  data.append(1, Buffer.alloc(16 * 16_384), 16_384);
  data.append(3, Buffer.from("cd"), 1000);
  output.flush();
  t.same(
    frames.slice(16).map(({ streamId, payload }) => `${String(streamId)} ${payload}`),
    ["3 ab", "0 pppppppp", "3 cd"],
  );
  t.end();
});

void t.test("DataFrames loses nothing, whatever comes between", (t) => {
  const length = fc.oneof(fc.nat(200), fc.constantFrom(16_383, 16_384, 16_385, 300_000));
  const step = fc.record({ kind: fc.constantFrom("1", "3", "ping", "flush"), length });
  const property = fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.constantFrom(100, 10_000, 16_384),
    (steps, frameBytesMax) => {
      const scene = new Scene();
      const sent: Record<string, string> = { 1: "", 3: "" };
      for (const [index, one] of steps.entries()) {
        if (one.kind === "ping") scene.ping();
        else if (one.kind === "flush") scene.output.flush();
        else {
          const payload = String.fromCharCode(97 + (index % 26)).repeat(one.length);
          scene.data.append(Number(one.kind), Buffer.from(payload), frameBytesMax);
          sent[one.kind] += payload;
        }
      }
      scene.output.flush();
      return (
        scene.of(1) === sent["1"] &&
        scene.of(3) === sent["3"] &&
        scene.frames.every(({ payload }) => payload.length > 0 && payload.length <= frameBytesMax)
      );
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }));
  t.end();
});
