import fc from "fast-check";
import t from "tap";
import { FrameReader } from "../../../src/transport/http2/frame-reader.ts";
import { ConnectionError, frameOf } from "../../../src/transport/http2/frames.ts";

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

function reader(): { reader: FrameReader; frames: Frame[] } {
  const frames: Frame[] = [];
  const sink = {
    frame: (
      type: number,
      flags: number,
      streamId: number,
      source: Buffer,
      start: number,
      end: number,
    ): void => void frames.push({ type, flags, streamId, payload: source.subarray(start, end) }),
  };
  return { reader: new FrameReader(sink), frames };
}

void t.test("FrameReader finds the same frames however they are cut", (t) => {
  const frame = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    streamId: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 10 }), cuts, (expected, sizes) => {
      const bytes = Buffer.concat(expected.map((one) => frameOf(one, one.payload)));
      const found = reader();
      for (let position = 0, index = 0; position < bytes.length; index++) {
        const size = sizes[index % sizes.length] ?? 1;
        found.reader.read(Buffer.from(bytes.subarray(position, position + size)));
        position += size;
      }
      return (
        found.frames.length === expected.length &&
        found.frames.every(({ type, flags, streamId, payload }, index) => {
          const one = expected[index];
          return (
            one !== undefined &&
            type === one.type &&
            flags === one.flags &&
            streamId === one.streamId &&
            payload.equals(one.payload)
          );
        })
      );
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

void t.test("FrameReader hands on a whole frame where it lies", (t) => {
  const { reader: subject, frames } = reader();
  const chunk = frameOf({ type: 0, flags: 0, streamId: 1 }, Buffer.from("hello"));
  subject.read(chunk);
  t.equal(frames[0]?.payload.buffer, chunk.buffer);
  t.end();
});

void t.test("FrameReader refuses a frame that is too large by its head alone", (t) => {
  const head = Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 1]);
  t.throws(() => reader().reader.read(head), ConnectionError);
  const { reader: subject } = reader();
  subject.read(head.subarray(0, 4));
  t.throws(() => subject.read(head.subarray(4)), ConnectionError);
  t.end();
});
