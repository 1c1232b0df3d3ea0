/** Reads what a server sends, and says what in it breaks the rules. */
import { FLAG, FRAME, readUint31, readUint32 } from "../../../src/transport/http2/frames.ts";
import { HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";
import { DEFAULT_WINDOW_BYTES } from "../../../src/transport/http2/sender.ts";
import { framesOf } from "./conversations.ts";

interface SentStream {
  hasHead: boolean;
  isEnded: boolean;
  isReset: boolean;
  isGrpc: boolean;
  body: Buffer[];
}

/** One connection's. Nothing is checked before {@link OutputCheck.problems}. */
export class OutputCheck {
  readonly #decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 2 ** 24 });
  readonly #streams = new Map<number, SentStream>();
  readonly #problems: string[] = [];
  readonly #chunks: Buffer[] = [];
  #block: Buffer[] = [];
  /** Of the block under way, or 0. */
  #blockStreamId = 0;
  #hasFailed = false;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** Whether a stream was ended or reset, or the connection. */
  hasEnded(streamId: number): boolean {
    return framesOf(Buffer.concat(this.#chunks)).some((frame) => {
      if (frame.type === FRAME.goAway) return true;
      if (frame.streamId !== streamId) return false;
      const isEnd = frame.type <= FRAME.headers && (frame.flags & FLAG.endStream) !== 0;
      return isEnd || frame.type === FRAME.rstStream;
    });
  }

  /** Of all that was sent. */
  problems(): readonly string[] {
    const frames = framesOf(Buffer.concat(this.#chunks));
    if (frames.length > 0 && frames[0]?.type !== FRAME.settings) this.#report("no SETTINGS first");
    for (const { type, flags, streamId, payload } of frames) {
      if (this.#hasFailed) this.#report("something after an error");
      this.#frame(type, flags, streamId, payload);
    }
    return this.#problems;
  }

  /** Whether more was sent than a client that has said this can have allowed. */
  isWindowExceeded(received: Buffer): boolean {
    const window = framesOf(received)
      .filter(({ type, streamId }) => type === FRAME.windowUpdate && streamId === 0)
      .reduce((sum, { payload }) => sum + (payload.length < 4 ? 0 : readUint31(payload, 0)), 0);
    const sent = framesOf(Buffer.concat(this.#chunks))
      .filter(({ type }) => type === FRAME.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
    return sent > DEFAULT_WINDOW_BYTES + window;
  }

  #report(problem: string): void {
    this.#problems.push(problem);
  }

  #frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (this.#blockStreamId !== 0 && type !== FRAME.continuation) {
      this.#report("a frame within a header block");
    }
    switch (type) {
      case FRAME.data:
        this.#data(flags, streamId, payload);
        return;
      case FRAME.headers:
      case FRAME.continuation:
        this.#header(type, flags, streamId, payload);
        return;
      case FRAME.rstStream:
        this.#stream(streamId).isReset = true;
        return;
      case FRAME.goAway:
        this.#hasFailed = readUint32(payload, 4) !== 0;
        return;
      case FRAME.windowUpdate:
        if (readUint31(payload, 0) === 0) this.#report("a window opened by nothing");
        return;
      case FRAME.settings:
      case FRAME.ping:
        if (streamId !== 0) this.#report("a stream where there must be none");
        return;
      default:
        this.#report(`a frame of type ${type}`);
    }
  }

  #stream(streamId: number): SentStream {
    const known = this.#streams.get(streamId);
    if (known !== undefined) return known;
    const stream = { hasHead: false, isEnded: false, isReset: false, isGrpc: false, body: [] };
    this.#streams.set(streamId, stream);
    return stream;
  }

  #data(flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#stream(streamId);
    if (streamId % 2 === 0) this.#report("DATA on an even stream");
    if (!stream.hasHead) this.#report("DATA before a header");
    if (stream.isEnded || stream.isReset) this.#report("DATA after the end");
    stream.body.push(payload);
    if ((flags & FLAG.endStream) !== 0) this.#ended(stream);
  }

  #header(type: number, flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#stream(streamId);
    if (type === FRAME.continuation) {
      if (streamId !== this.#blockStreamId) this.#report("CONTINUATION of another stream");
    } else {
      if (streamId % 2 === 0) this.#report("HEADERS on an even stream");
      if (stream.isEnded || stream.isReset) this.#report("HEADERS after the end");
      if (stream.hasHead && (flags & FLAG.endStream) === 0) this.#report("a second header");
      if ((flags & FLAG.endStream) !== 0) stream.isEnded = true;
      this.#blockStreamId = streamId;
    }
    this.#block.push(payload);
    if ((flags & FLAG.endHeaders) === 0) return;
    const fields: HeaderField[] = [];
    const block = Buffer.concat(this.#block);
    this.#decoder.decode(block, 0, block.length, fields);
    this.#block = [];
    this.#blockStreamId = 0;
    this.#fields(stream, fields);
    if (stream.isEnded) this.#ended(stream);
  }

  #fields(stream: SentStream, fields: readonly HeaderField[]): void {
    const valueOf = (name: string): string | undefined =>
      fields.find((field) => field.name === name)?.value;
    if (!stream.hasHead) {
      stream.hasHead = true;
      if (valueOf(":status") === undefined) this.#report("a header without a status");
      stream.isGrpc = valueOf("content-type") === "application/grpc";
    }
    if (stream.isGrpc && stream.isEnded && valueOf("grpc-status") === undefined) {
      this.#report("an end without a status");
    }
  }

  /** Messages are sent whole. */
  #ended(stream: SentStream): void {
    stream.isEnded = true;
    if (!stream.isGrpc) return;
    const body = Buffer.concat(stream.body);
    let at = 0;
    while (at + 5 <= body.length) at += 5 + body.readUInt32BE(at + 1);
    if (at !== body.length) this.#report("half a message");
  }
}
