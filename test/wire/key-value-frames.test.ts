import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  HeadFrames,
  RecordFrames,
  encodeKeyValue,
  endOfFrame,
  framesOf,
  keyValuesOf,
  latin1,
  messages,
  frameLength,
  writeFrame,
} from "../../src/wire/index.ts";
import type { KeyValueFrames } from "../../src/wire/index.ts";

const FILL = 0xee;

const keys = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
    fc.uint8Array({ minLength: 100, maxLength: 300 }),
  )
  .map((array) => Buffer.from(array));
const numbers = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 2 ** 53 - 1 }),
);
const heads = fc.record({
  key: keys,
  createRevision: numbers,
  modRevision: numbers,
  version: numbers,
});
const keyValues = fc.array(
  fc.tuple(heads, fc.uint8Array({ maxLength: 300 })).map(([head, value]) => ({
    ...head,
    value: Buffer.from(value),
    lease: 0n,
  })),
  { maxLength: 30 },
);

/** What frames write, and nothing around it. */
function written(frames: KeyValueFrames): string {
  const target = Buffer.alloc(frames.bytes + 7, FILL);
  assert.equal(frames.write(target, 3), 3 + frames.bytes);
  assert.ok([...target.subarray(0, 3), ...target.subarray(-4)].every((byte) => byte === FILL));
  return target.toString("hex", 3, 3 + frames.bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

t.test("HeadFrames are keys without values and leases", async (t) => {
  const property = fc.property(fc.array(heads), (list) => {
    const frames = new HeadFrames(
      list.map(({ key, createRevision, modRevision, version }) => {
        return { key: latin1(key), createMain: createRevision, modMain: modRevision, version };
      }),
    );
    assert.equal(frames.count, list.length);
    assert.equal(written(frames), hex(messages.encodeRangeResponse({ kvs: list })));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("RecordFrames are the KeyValues of records, wherever those lie", async (t) => {
  // Which records are asked for, by their places; neighbours are asked for one behind the other now and then.
  const order = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })), { maxLength: 10 });
  const property = fc.property(keyValues, order, (list, asked) => {
    const encoded = list.map(encodeKeyValue);
    const sources = [encoded.slice(0, 10), encoded.slice(10)].map((part) => {
      const bytes = part.reduce((sum, { length }) => sum + frameLength(length), 0);
      const source = Buffer.alloc(bytes, 1);
      let at = 0;
      for (const kv of part) at = writeFrame(source, at, 0, kv);
      return source;
    });
    const places = sources.flatMap((source) => {
      const found: [Buffer, number][] = [];
      for (let at = 0; at < source.length; at = endOfFrame(source, at)) found.push([source, at]);
      return found;
    });
    const before = sources.map(hex);
    const wanted = asked.flatMap(([from, count]) =>
      list.length === 0 ? [] : [...list.keys()].slice(from % list.length).slice(0, count),
    );
    const frames = new RecordFrames();
    for (const index of wanted) {
      const [source, at] = places[index]!;
      frames.add(source, at, endOfFrame(source, at));
    }
    assert.equal(frames.count, wanted.length);
    const kvs = wanted.map((index) => list[index]!);
    assert.equal(written(frames), hex(messages.encodeRangeResponse({ kvs })));
    assert.deepEqual(sources.map(hex), before, "records stay as they are");
    const copies = keyValuesOf(frames).map(hex);
    assert.deepEqual(
      copies,
      wanted.map((index) => hex(encoded[index]!)),
    );
    assert.equal(written(framesOf(wanted.map((index) => encoded[index]!))), written(frames));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});
