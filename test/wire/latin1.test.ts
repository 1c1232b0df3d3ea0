import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { latin1, writeLatin1 } from "../../src/wire/index.ts";

/** Bytes as a plain array's view, as a Buffer, and as a part of a larger one. */
const views = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.boolean())
  .map(([bytes, offset, isBuffer]) => {
    const whole = new Uint8Array(offset + bytes.length + 7).fill(0xaa);
    whole.set(bytes, offset);
    const part = whole.subarray(offset, offset + bytes.length);
    return isBuffer ? Buffer.from(part.buffer, part.byteOffset, part.length) : part;
  });

t.test("latin1() makes one character of each byte", async (t) => {
  const property = fc.property(views, (bytes) => {
    assert.equal(latin1(bytes), String.fromCharCode(...bytes));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("latin1() takes a part", async (t) => {
  const property = fc.property(views, fc.nat(400), fc.nat(400), (bytes, one, other) => {
    const start = Math.min(one, other, bytes.length);
    const end = Math.min(Math.max(one, other), bytes.length);
    assert.equal(latin1(bytes, start, end), latin1(bytes.subarray(start, end)));
    assert.equal(latin1(bytes, start), latin1(bytes.subarray(start)));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("latin1() keeps the order of bytes", async (t) => {
  const property = fc.property(views, views, (left, right) => {
    const [a, b] = [latin1(left), latin1(right)];
    assert.equal(a < b ? -1 : a > b ? 1 : 0, Buffer.compare(left, right));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("writeLatin1() writes what latin1() has read, and nothing around it", async (t) => {
  const property = fc.property(views, fc.nat(20), (bytes, position) => {
    const target = Buffer.alloc(position + bytes.length + 5, 0x55);
    assert.equal(writeLatin1(target, position, latin1(bytes)), position + bytes.length);
    assert.deepEqual(target.subarray(position, position + bytes.length), Buffer.from(bytes));
    const around = [target.subarray(0, position), target.subarray(position + bytes.length)];
    assert.ok(around.every((part) => part.every((byte) => byte === 0x55)));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("latin1() of nothing is nothing", async (t) => {
  t.equal(latin1(new Uint8Array(0)), "");
  t.equal(latin1(Buffer.alloc(0)), "");
  t.equal(writeLatin1(Buffer.alloc(0), 0, ""), 0);
});

t.test("latin1() takes a mebibyte, as a key may be", async (t) => {
  const bytes = Buffer.alloc(1024 * 1024, 0xfe);
  const text = latin1(bytes);
  t.equal(text.length, bytes.length);
  const back = Buffer.alloc(bytes.length);
  writeLatin1(back, 0, text);
  t.ok(back.equals(bytes));
});
