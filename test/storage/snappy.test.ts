import fc from "fast-check";
import t from "tap";
import { MalformedError } from "../../src/storage/byte-reader.ts";
import { unpackSnappy } from "../../src/storage/snappy.ts";
import { varint } from "./leveldb-bytes.ts";

type Element =
  | { readonly literal: Uint8Array }
  | { readonly length: number; readonly back: number; readonly form: 1 | 2 | 3 };

const ELEMENT: fc.Arbitrary<Element> = fc.oneof(
  fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({
    length: fc.integer({ min: 4, max: 64 }),
    back: fc.nat(5000),
    form: fc.constantFrom(1 as const, 2 as const, 3 as const),
  }),
);

/** Packed bytes that say these elements, and what they mean. */
function pack(elements: readonly Element[]): { packed: Buffer; plain: Buffer } {
  const parts: Buffer[] = [];
  let plain = Buffer.of();
  for (const element of elements) {
    if ("literal" in element) {
      parts.push(literalTag(element.literal.length), Buffer.from(element.literal));
      plain = Buffer.concat([plain, element.literal]);
    } else if (plain.length > 0) {
      const distance = 1 + (element.back % Math.min(plain.length, 2047));
      const length = element.form === 1 ? 4 + (element.length % 8) : element.length;
      parts.push(copyTag(element.form, length, distance));
      for (let count = 0; count < length; count++) {
        plain = Buffer.concat([plain, Buffer.of(plain[plain.length - distance]!)]);
      }
    }
  }
  return { packed: Buffer.concat([varint(plain.length), ...parts]), plain };
}

function literalTag(length: number): Buffer {
  if (length <= 60) return Buffer.of((length - 1) << 2);
  return length <= 256
    ? Buffer.of(60 << 2, length - 1)
    : Buffer.of(61 << 2, (length - 1) & 0xff, (length - 1) >> 8);
}

function copyTag(form: 1 | 2 | 3, length: number, distance: number): Buffer {
  if (form === 1)
    return Buffer.of(1 | ((length - 4) << 2) | ((distance >> 8) << 5), distance & 0xff);
  const tag = Buffer.alloc(form === 2 ? 3 : 5);
  tag[0] = form | ((length - 1) << 2);
  tag.writeUIntLE(distance, 1, form === 2 ? 2 : 4);
  return tag;
}

t.test("unpackSnappy() unpacks literals and copies of every form", async (t) => {
  const property = fc.property(fc.array(ELEMENT, { maxLength: 20 }), (elements) => {
    const { packed, plain } = pack(elements);
    return plain.equals(unpackSnappy(packed));
  });
  fc.assert(property);
  t.pass();
});

t.test("unpackSnappy() of anything else throws MalformedError and nothing worse", async (t) => {
  const property = fc.property(
    fc.array(ELEMENT, { minLength: 1, maxLength: 6 }),
    fc.nat(),
    fc.nat(255),
    (elements, place, byte) => {
      const { packed } = pack(elements);
      packed[place % packed.length] = byte;
      try {
        unpackSnappy(packed.subarray(0, packed.length - (place % 3)));
        return true;
      } catch (error) {
        return error instanceof MalformedError;
      }
    },
  );
  fc.assert(property);
  t.throws(() => unpackSnappy(Buffer.of(4, 1 << 2, 65, 65, 1 | (0 << 2), 3)), /from nowhere/);
  t.throws(() => unpackSnappy(Buffer.of(1, 1 << 2, 65, 65)), /more than/);
  t.throws(() => unpackSnappy(Buffer.of(3, 1 << 2, 65, 65)), /less than/);
  t.throws(() => unpackSnappy(varint(2 ** 40)), /too large/);
});
