/**
 * A gRPC client that does as little as can be done, so that a load is bound by the server: frames
 * are written from prepared bytes, and of answers only lengths, ends and events are looked at.
 *
 * It speaks HTTP/2 with prior knowledge to one server; one call is one prepared message.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  window: 8,
} as const;
const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;
const FRAME_HEADER_BYTES = 9;
const WINDOW_MAX = 0x7fff_ffff;
const WINDOW_DEFAULT = 65_535;

/** What a call hears of its answers. */
export interface CallEvents {
  /** A message's bytes have arrived, in part or in whole: how many DATA bytes. */
  data(payload: Buffer): void;
  /** `ok` when there was an answer before the trailers. */
  end(ok: boolean): void;
}

interface Call {
  readonly events: CallEvents;
  answered: boolean;
}

export class GrpcLoadClient {
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #calls = new Map<number, Call>();
  readonly #paths = new Map<string, Buffer>();
  #nextStream = 1;
  #sendWindow = WINDOW_DEFAULT;
  #received = 0;
  #rest: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  #out: Buffer[] = [];
  #failure: ((error: Error) => void) | undefined;

  static async connect(url: string): Promise<GrpcLoadClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new GrpcLoadClient(socket, `${hostname}:${port}`);
  }

  private constructor(socket: Socket, authority: string) {
    this.#socket = socket;
    this.#authority = authority;
    const windowSetting = Buffer.from([0, 4, 0, 0, 0, 0]);
    windowSetting.writeUInt32BE(WINDOW_MAX, 2);
    socket.write(PREFACE, "latin1");
    socket.write(frame(FRAME.settings, 0, 0, windowSetting));
    socket.write(windowUpdate(WINDOW_MAX - WINDOW_DEFAULT));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.#failure?.(error));
    socket.on("close", () => this.#failure?.(new Error("connection closed by the server")));
  }

  /** Called once when the connection breaks. */
  onFailure(failure: (error: Error) => void): void {
    this.#failure = failure;
  }

  /** Sends a call with one message; `open` leaves the sending side open for {@link send}. */
  call(path: string, message: Uint8Array, events: CallEvents, open = false): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#calls.set(stream, { events, answered: false });
    const headers = this.#headers(path);
    const flags = FLAG.endHeaders;
    const body = envelope(message);
    const data = frame(FRAME.data, open ? 0 : FLAG.endStream, stream, body);
    this.#write(Buffer.concat([frame(FRAME.headers, flags, stream, headers), data]), body.length);
    return stream;
  }

  /** Sends one more message of an open call. */
  send(stream: number, message: Uint8Array): void {
    const body = envelope(message);
    this.#write(frame(FRAME.data, 0, stream, body), body.length);
  }

  close(): void {
    this.#failure = undefined;
    this.#socket.destroy();
  }

  #write(bytes: Buffer, dataBytes: number): void {
    if (this.#waiting.length > 0 || this.#sendWindow < dataBytes) {
      this.#waiting.push(bytes);
      return;
    }
    this.#sendWindow -= dataBytes;
    if (this.#out.length === 0) setImmediate(() => this.#flush());
    this.#out.push(bytes);
  }

  #flush(): void {
    const out = this.#out;
    this.#out = [];
    this.#socket.write(out.length === 1 ? out[0]! : Buffer.concat(out));
  }

  /** Literal headers, never indexed: the same bytes for every call of a path. */
  #headers(path: string): Buffer {
    let block = this.#paths.get(path);
    if (block === undefined) {
      block = Buffer.concat([
        Buffer.from([0x83, 0x86]),
        literal(4, path),
        literal(1, this.#authority),
        literal(31, "application/grpc"),
        Buffer.concat([Buffer.from([0]), text("te"), text("trailers")]),
      ]);
      this.#paths.set(path, block);
    }
    return block;
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let position = 0;
    while (bytes.length - position >= FRAME_HEADER_BYTES) {
      const length = bytes.readUIntBE(position, 3);
      const end = position + FRAME_HEADER_BYTES + length;
      if (bytes.length < end) break;
      const payload = bytes.subarray(position + FRAME_HEADER_BYTES, end);
      const stream = bytes.readUInt32BE(position + 5) & WINDOW_MAX;
      this.#frame({ type: bytes[position + 3]!, flags: bytes[position + 4]!, stream, payload });
      position = end;
    }
    bytes = bytes.subarray(position);
    this.#rest = bytes;
    if (this.#received > WINDOW_MAX / 2) {
      this.#socket.write(windowUpdate(this.#received));
      this.#received = 0;
    }
  }

  #frame(f: { type: number; flags: number; stream: number; payload: Buffer }): void {
    const call = this.#calls.get(f.stream);
    switch (f.type) {
      case FRAME.data:
        this.#received += f.payload.length;
        if (call === undefined) return;
        call.answered ||= f.payload.length > 0;
        call.events.data(f.payload);
        if ((f.flags & FLAG.endStream) !== 0) this.#end(f.stream, call);
        return;
      case FRAME.headers:
        if (call !== undefined && (f.flags & FLAG.endStream) !== 0) this.#end(f.stream, call);
        return;
      case FRAME.reset:
        if (call !== undefined) this.#end(f.stream, { ...call, answered: false });
        return;
      case FRAME.settings:
        if ((f.flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.settings, FLAG.ack, 0));
        return;
      case FRAME.ping:
        if ((f.flags & FLAG.ack) === 0) {
          this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, f.payload));
        }
        return;
      case FRAME.window:
        if (f.stream === 0) this.#grow(f.payload.readUInt32BE(0) & WINDOW_MAX);
        return;
      default:
        if (f.type === FRAME.goAway) this.#failure?.(new Error("server sent GOAWAY"));
    }
  }

  #end(stream: number, call: Call): void {
    this.#calls.delete(stream);
    call.events.end(call.answered);
  }

  #grow(bytes: number): void {
    this.#sendWindow += bytes;
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      if (this.#sendWindow < next.length) return;
      this.#waiting.shift();
      // Counts the frame's own bytes too: a little less than the window allows.
      this.#sendWindow -= next.length;
      if (this.#out.length === 0) setImmediate(() => this.#flush());
      this.#out.push(next);
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer = EMPTY): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

const EMPTY = Buffer.alloc(0);

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.window, 0, 0, payload);
}

/** gRPC's length-prefixed message. */
function envelope(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** HPACK: literal field without indexing, the name from the static table. */
function literal(nameIndex: number, value: string): Buffer {
  const name = nameIndex < 15 ? Buffer.from([nameIndex]) : Buffer.from([15, nameIndex - 15]);
  return Buffer.concat([name, text(value)]);
}

/** HPACK: string without Huffman coding, of less than 127 bytes. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
}
