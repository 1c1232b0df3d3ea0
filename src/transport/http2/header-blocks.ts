/**
 * Puts header blocks together and decodes them.
 *
 * Clients send the same few blocks again and again: once their fields are in the dynamic table a
 * request's block is ten bytes that do not change while the table does not. So what a short block
 * was decoded to is kept, and good for as long as the table is the same.
 */
import { ConnectionError, ERROR_CODE, FLAG, readUint31 } from "./frames.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackError } from "./hpack-error.ts";
import {
  CONTINUATION_FRAMES_MAX,
  HEADER_LIST_BYTES_MAX,
  HEADER_TABLE_BYTES_MAX,
} from "./limits.ts";
import { areTrailers, requestHeadOf } from "./request-head.ts";
import type { RequestHead } from "./request-head.ts";

/** A header block, decoded. */
export class DecodedBlock {
  /** Fields are missing: there were more than are taken. */
  readonly isTooLarge: boolean;
  readonly #fields: readonly HeaderField[];
  #head: RequestHead | undefined;
  #isChecked = false;

  constructor(fields: readonly HeaderField[], isTooLarge: boolean) {
    this.#fields = fields;
    this.isTooLarge = isTooLarge;
  }

  /** The request that it begins; undefined when it is malformed. */
  get head(): RequestHead | undefined {
    if (!this.#isChecked) {
      this.#isChecked = true;
      this.#head = requestHeadOf(this.#fields);
    }
    return this.#head;
  }

  /** Whether it may end a request. */
  get areTrailers(): boolean {
    return areTrailers(this.#fields);
  }
}

interface Remembered {
  readonly bytes: Buffer;
  readonly version: number;
  readonly block: DecodedBlock;
}

/** Blocks that are remembered, and the length up to which, bytes. A power of two. */
const REMEMBERED_MAX = 16;
const REMEMBERED_BYTES_MAX = 64;

export class HeaderBlocks {
  readonly #decoder = new HpackDecoder({
    tableBytesMax: HEADER_TABLE_BYTES_MAX,
    listBytesMax: HEADER_LIST_BYTES_MAX,
  });
  readonly #remembered: (Remembered | undefined)[] = [];
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** The stream whose block goes on in the next frame, which no other frame may precede; or 0. */
  streamId = 0;
  /** Whether the frame that began it ends its stream. */
  isLast = false;
  /** The frame said that its stream depends on itself. */
  isSelfDependent = false;

  /** A HEADERS frame. Undefined when the block goes on in another frame. */
  begin(
    flags: number,
    streamId: number,
    source: Buffer,
    start: number,
    end: number,
  ): DecodedBlock | undefined {
    let from = start;
    let to = end;
    if ((flags & FLAG.padded) !== 0) {
      from += 1;
      to -= source[start] ?? 0;
    }
    this.isSelfDependent = false;
    if ((flags & FLAG.priority) !== 0) {
      if (to - from >= 5) this.isSelfDependent = readUint31(source, from) === streamId;
      from += 5;
    }
    // The padding byte of an empty frame is another frame's, so this comes before it is believed.
    if (from > end || from > to) {
      throw new ConnectionError(ERROR_CODE.protocolError, "Cannot take HEADERS: bad padding");
    }
    this.isLast = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.#decode(source, from, to);
    this.streamId = streamId;
    this.#pieces = [source.subarray(from, to)];
    this.#pieceBytes = to - from;
    return undefined;
  }

  /** A CONTINUATION frame of the same stream. */
  goOn(flags: number, source: Buffer, start: number, end: number): DecodedBlock | undefined {
    this.#pieces.push(source.subarray(start, end));
    this.#pieceBytes += end - start;
    if (
      this.#pieces.length > CONTINUATION_FRAMES_MAX + 1 ||
      this.#pieceBytes > HEADER_LIST_BYTES_MAX
    ) {
      throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "Cannot take a header: too large");
    }
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    this.streamId = 0;
    const block = Buffer.concat(this.#pieces, this.#pieceBytes);
    this.#pieces = [];
    return this.#decode(block, 0, block.length);
  }

  #decode(source: Buffer, start: number, end: number): DecodedBlock {
    const length = end - start;
    if (length > REMEMBERED_BYTES_MAX || length === 0) return this.#decodeNew(source, start, end);
    const slot = (length * 7 + source[start + (length >>> 1)]! + source[end - 1]!) % REMEMBERED_MAX;
    const known = this.#remembered[slot];
    const version = this.#decoder.version;
    if (
      known !== undefined &&
      known.version === version &&
      isEqual(known.bytes, source, start, end)
    )
      return known.block;
    const block = this.#decodeNew(source, start, end);
    if (this.#decoder.version === version) {
      const bytes = Buffer.from(source.subarray(start, end));
      this.#remembered[slot] = { bytes, version, block };
    }
    return block;
  }

  #decodeNew(source: Buffer, start: number, end: number): DecodedBlock {
    const fields: HeaderField[] = [];
    try {
      const listBytes = this.#decoder.decode(source, start, end, fields);
      return new DecodedBlock(fields, listBytes > HEADER_LIST_BYTES_MAX);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new ConnectionError(ERROR_CODE.compressionError, error.message);
    }
  }
}

function isEqual(bytes: Buffer, source: Buffer, start: number, end: number): boolean {
  const { length } = bytes;
  if (length !== end - start) return false;
  for (let index = 0; index < length; index++) {
    if (bytes[index] !== source[start + index]) return false;
  }
  return true;
}
