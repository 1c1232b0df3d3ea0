/** The tables that HPACK's indices point into, and what a field is known to be. */
import { fieldOf } from "./header-field.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackError } from "./hpack-error.ts";

/** Source: RFC 7541, appendix A. */
const STATIC_FIELDS: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Indices of the dynamic table begin after those of the static one. */
export const STATIC_COUNT: number = STATIC_FIELDS.length;

/** By index; index 0 is used by nobody. */
const staticTable: readonly HeaderField[] = [["", ""] as const, ...STATIC_FIELDS].map(
  ([name, value]) => fieldOf(name, value),
);

const staticIndices = new Map<string, number>();
const staticNameIndices = new Map<string, number>();
for (let index = STATIC_COUNT; index > 0; index--) {
  const { name, value } = staticTable[index]!;
  staticIndices.set(`${name}\0${value}`, index);
  staticNameIndices.set(name, index);
}

/** Index of a field in the static table; 0 where it is not there. */
export function staticIndex(name: string, value: string): number {
  return staticIndices.get(`${name}\0${value}`) ?? 0;
}

/** Index of a field of that name in the static table; 0 where there is none. */
export function staticNameIndex(name: string): number {
  return staticNameIndices.get(name) ?? 0;
}

/** Fields that there is room for to begin with. */
const FIELDS_MIN = 8;

/** The dynamic table of one direction of a connection: a ring, the newest field first. */
export class DynamicTable {
  #fields: (HeaderField | undefined)[] = emptyRing(FIELDS_MIN);
  /** Where the newest field is. */
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #bytesMax: number;
  /** Changes with everything that changes what an index means. */
  version = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** The field of either table at an index. Throws {@link HpackError} where there is none. */
  at(index: number): HeaderField {
    if (index <= STATIC_COUNT) {
      if (index > 0) return staticTable[index]!;
    } else if (index - STATIC_COUNT <= this.#count) {
      const field = this.#fields[(this.#newest + STATIC_COUNT + 1 - index) & this.#mask];
      if (field !== undefined) return field;
    }
    throw new HpackError(`Cannot decode a field: no entry has index ${index}`);
  }

  /** Adds a field and evicts old ones; one that is larger than the table only empties it. */
  add(field: HeaderField): void {
    this.version++;
    this.#evictTo(this.#bytesMax - field.size);
    if (field.size > this.#bytesMax) return;
    if (this.#count === this.#fields.length) this.#grow();
    this.#newest = (this.#newest + 1) & this.#mask;
    this.#fields[this.#newest] = field;
    this.#count++;
    this.#bytes += field.size;
  }

  resize(bytesMax: number): void {
    this.version++;
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  /** The length of the ring is a power of two. */
  get #mask(): number {
    return this.#fields.length - 1;
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const oldest = (this.#newest - this.#count + 1) & this.#mask;
      this.#bytes -= this.#fields[oldest]?.size ?? 0;
      this.#fields[oldest] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const fields = emptyRing(this.#fields.length * 2);
    for (let age = 0; age < this.#count; age++) {
      fields[this.#count - 1 - age] = this.#fields[(this.#newest - age) & this.#mask];
    }
    this.#fields = fields;
    this.#newest = this.#count - 1;
  }
}

function emptyRing(length: number): (HeaderField | undefined)[] {
  const fields: (HeaderField | undefined)[] = [];
  while (fields.length < length) fields.push(undefined);
  return fields;
}
