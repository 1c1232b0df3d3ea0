/** Which keys a call is about, and how programs write keys and values. */

/** A key or a value: bytes, or text that is sent as UTF-8. */
export type Bytes = string | Uint8Array;

/** How to widen one key to a range. At most one of them may be given. */
export interface KeyRangeOptions {
  /** Every key that begins with the given one; an empty key with it means every key there is. */
  readonly prefix?: boolean | undefined;
  /** The given key and every key after it. */
  readonly fromKey?: boolean | undefined;
  /** The given key and every key after it, up to but without this one. */
  readonly rangeEnd?: Bytes | undefined;
}

/** The two fields by which etcd's messages name a range. */
export interface KeyRange {
  readonly key: Uint8Array;
  /** Empty: the one key. A single zero byte: to the end of all keys. */
  readonly rangeEnd: Uint8Array;
}

/** The `rangeEnd` that means "to the end of all keys". Source: etcd api rpc.proto, RangeRequest. */
const TO_THE_END = Uint8Array.of(0);

const NONE = new Uint8Array();

/** Text as UTF-8; bytes as they are, not copied. */
export function toBytes(value: Bytes): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value;
}

/** The same bytes seen as a Buffer, whose toString() gives text. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The first key after all keys with this prefix, for use as `rangeEnd`.
 *
 * A prefix that is empty, or of 0xff bytes only, has no such key: the answer is then the zero byte
 * that means "to the end". Source: etcd client/v3/op.go, getPrefix.
 */
export function prefixEnd(prefix: Bytes): Uint8Array {
  const bytes = toBytes(prefix);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0xff) {
      const end = Uint8Array.prototype.slice.call(bytes, 0, index + 1);
      end[index] = byte + 1;
      return end;
    }
  }
  return TO_THE_END;
}

/** A key and its options as the two fields of a message. Throws TypeError on two options at once. */
export function keyRange(key: Bytes, options: KeyRangeOptions): KeyRange {
  const given = [options.prefix, options.fromKey, options.rangeEnd !== undefined];
  if (given.filter((option) => option === true).length > 1) {
    throw new TypeError('Cannot widen a key twice: give one of "prefix", "fromKey", "rangeEnd"');
  }
  const bytes = toBytes(key);
  if (options.prefix === true) {
    // etcd refuses an empty key; the key of one zero byte is the first there can be.
    return { key: bytes.length === 0 ? TO_THE_END : bytes, rangeEnd: prefixEnd(bytes) };
  }
  if (options.fromKey === true) {
    return { key: bytes.length === 0 ? TO_THE_END : bytes, rangeEnd: TO_THE_END };
  }
  return {
    key: bytes,
    rangeEnd: options.rangeEnd === undefined ? NONE : toBytes(options.rangeEnd),
  };
}
