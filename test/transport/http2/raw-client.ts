/** A client that sends what a test tells it to, right or wrong, and shows every frame it gets. */
import type { Duplex } from "node:stream";
import type { Test } from "tap";
import type { GrpcServerOptions } from "../../../src/transport/grpc-server.ts";
import { GrpcServer } from "../../../src/transport/grpc-server.ts";
import { FLAG, FRAME, PREFACE, frameOf, readUint32 } from "../../../src/transport/http2/frames.ts";
import { HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";
import { SILENT_LOGGER } from "../../../src/wire/index.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { duplexPair } from "./duplex-pair.ts";

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of the last frame of a header block, as `name: value`. */
  readonly fields: readonly string[];
}

export class RawClient {
  readonly socket: Duplex;
  readonly frames: ReceivedFrame[] = [];
  isClosed = false;
  /** Answers the server's pings by itself. */
  answersPings = false;
  readonly encoder: HpackEncoder = new HpackEncoder(4096);
  readonly #decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 1 << 20 });
  #received: Buffer = Buffer.alloc(0);
  #block: Buffer = Buffer.alloc(0);
  #onChange: (() => void) | undefined;

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.once("end", () => socket.end());
    for (const event of ["end", "close"]) {
      socket.once(event, () => {
        this.isClosed = true;
        this.#onChange?.();
      });
    }
  }

  /** Sends the preface and SETTINGS. */
  begin(settings: readonly (readonly [id: number, value: number])[] = []): this {
    this.socket.write(PREFACE);
    const payload = Buffer.alloc(settings.length * 6);
    settings.forEach(([id, value], index) => {
      payload.writeUInt16BE(id, index * 6);
      payload.writeUInt32BE(value, index * 6 + 2);
    });
    return this.send(FRAME.settings, 0, 0, payload);
  }

  send(type: number, flags: number, streamId: number, payload: Uint8Array | number[] = []): this {
    const bytes = payload instanceof Uint8Array ? payload : Uint8Array.from(payload);
    if (!this.socket.destroyed) this.socket.write(frameOf({ type, flags, streamId }, bytes));
    return this;
  }

  /** The block of a request's header; fields may be replaced or, with undefined, left out. */
  block(fields: Record<string, string | undefined> = {}): Buffer {
    const all: Record<string, string | undefined> = { ...GRPC_FIELDS, ...fields };
    return this.encoder.encode(
      Object.entries(all).flatMap(([name, value]) =>
        value === undefined ? [] : [{ name, value, isCommon: true }],
      ),
    );
  }

  request(streamId: number, fields: Record<string, string | undefined> = {}, flags = 0x4): this {
    return this.send(FRAME.headers, flags, streamId, this.block(fields));
  }

  /** A whole call of Put. */
  call(streamId: number, message: Uint8Array = Buffer.from("hello")): this {
    return this.request(streamId).send(FRAME.data, 0x1, streamId, prefixed(message));
  }

  /** The first frame that fits, as soon as it is there. */
  async until(fits: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      if (this.isClosed) throw new Error("The connection closed before such a frame came");
      await this.#change();
    }
  }

  /** Resolves when that is so, or the connection is closed. Looks at every change. */
  async when(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.isClosed) await this.#change();
  }

  async goAway(): Promise<{ code: number; lastStreamId: number; text: string }> {
    const { payload } = await this.until(({ type }) => type === FRAME.goAway);
    const text = payload.toString("latin1", 8);
    return { lastStreamId: readUint32(payload, 0), code: readUint32(payload, 4), text };
  }

  async resetCode(streamId: number): Promise<number> {
    const { payload } = await this.until(
      (frame) => frame.type === FRAME.rstStream && frame.streamId === streamId,
    );
    return readUint32(payload, 0);
  }

  /** The fields of the last HEADERS of a stream: its trailers. */
  async trailers(streamId: number): Promise<readonly string[]> {
    const frame = await this.until(
      ({ type, flags, streamId: id }) =>
        type === FRAME.headers && (flags & 1) !== 0 && id === streamId,
    );
    return frame.fields;
  }

  /** Resolves when a ping sent now is answered: all that was sent before has been seen. */
  async settled(): Promise<void> {
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(++pings);
    this.send(FRAME.ping, 0, 0, payload);
    await this.when(() =>
      this.frames.some(({ type, flags, payload: answer }) => {
        return type === FRAME.ping && flags === 1 && answer.equals(payload);
      }),
    );
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#change();
  }

  /** A block is decoded when its last frame is there. */
  #decode(flags: number, payload: Buffer): string[] {
    this.#block = Buffer.concat([this.#block, payload]);
    if ((flags & FLAG.endHeaders) === 0) return [];
    const fields: HeaderField[] = [];
    this.#decoder.decode(this.#block, 0, this.#block.length, fields);
    this.#block = Buffer.alloc(0);
    return fields.map(({ name, value }) => `${name}: ${value}`);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#onChange = resolve));
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 9) {
      const length = this.#received.readUIntBE(0, 3);
      if (this.#received.length < 9 + length) break;
      const payload = this.#received.subarray(9, 9 + length);
      const type = this.#received[3] ?? 0;
      const flags = this.#received[4] ?? 0;
      const isHeader = type === FRAME.headers || type === FRAME.continuation;
      const fields = isHeader ? this.#decode(flags, payload) : [];
      this.frames.push({ type, flags, streamId: readUint32(this.#received, 5), payload, fields });
      if (this.answersPings && type === FRAME.ping && flags === 0) {
        this.send(FRAME.ping, FLAG.ack, 0, payload);
      }
      this.#received = this.#received.subarray(9 + length);
    }
    this.#onChange?.();
  }
}

let pings = 0;

const GRPC_FIELDS = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/etcdserverpb.KV/Put",
  ":authority": "localhost",
  "content-type": "application/grpc",
  te: "trailers",
};

/** A message with its five bytes. */
export function prefixed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** A server over an echo, and a client at its other end. */
export function rawClient(
  t: Test,
  options: Partial<GrpcServerOptions> = {},
): { client: RawClient; server: GrpcServer } {
  const server = new GrpcServer({
    channel: echoChannel(),
    pages: { page: ({ path }) => ({ status: 200, headers: { "X-Path": path }, body: "page" }) },
    logger: SILENT_LOGGER,
    ...options,
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  return { client: connectTo(server), server };
}

export function connectTo(server: GrpcServer): RawClient {
  const [near, far] = duplexPair();
  server.handle(far);
  return new RawClient(near);
}
