/** What the property tests of the hot codecs are made of. */
import fc from "fast-check";
import type { KeyValueFields } from "../../src/wire/index.ts";

/** Mostly short; sometimes longer than two bytes of length can say. */
const bytes: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 150 }) },
    fc.uint8Array({ size: "max", maxLength: 20_000 }),
  )
  .map((array) => Buffer.from(array));

const keys: fc.Arbitrary<Buffer> = fc
  .uint8Array({ minLength: 1, maxLength: 200 })
  .map((array) => Buffer.from(array));

/** Of one and two bytes, and of any size. */
export const revisions: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);

const leases: fc.Arbitrary<bigint> = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

export const ids: fc.Arbitrary<bigint> = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

export const keyValues: fc.Arbitrary<KeyValueFields> = fc.record({
  key: keys,
  createRevision: revisions,
  modRevision: revisions,
  version: fc.integer({ min: 1 }),
  value: bytes,
  lease: leases,
});
