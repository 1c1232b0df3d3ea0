/**
 * One server, a neighbour that goes on calling it, and as many clients gone wrong as there is time
 * for. Time stands still unless a round moves it.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Test } from "tap";
import { GrpcServer } from "../../../src/transport/grpc-server.ts";
import { FRAME } from "../../../src/transport/http2/frames.ts";
import { EtcdError, SILENT_LOGGER } from "../../../src/wire/index.ts";
import type { Channel, StreamInput, StreamOutput } from "../../../src/wire/index.ts";
import { duplexPair } from "../http2/duplex-pair.ts";
import { connectTo } from "../http2/raw-client.ts";
import type { RawClient, ReceivedFrame } from "../http2/raw-client.ts";
import { LARGE_ANSWER_BYTES } from "./conversations.ts";
import { soon } from "./budget.ts";
import { TestClock } from "../http2/test-clock.ts";

export class Arena {
  readonly clock: TestClock = new TestClock();
  readonly server: GrpcServer;
  /** What the server has called a bug of its own, and what broke the contract with the channel. */
  readonly bugs: unknown[] = [];
  openStreams = 0;
  openSockets = 0;
  readonly #control: RawClient;
  readonly #listener: Server;
  #controlStreamId = -1;

  constructor(t: Test) {
    const error = (message: string, fields?: object): void => {
      // A gone socket is no bug.
      this.bugs.push({ message, ...fields });
    };
    this.server = new GrpcServer({
      clock: this.clock,
      // The neighbour makes many more calls, one after another.
      maxConcurrentStreams: 40,
      channel: this.#channel(),
      pages: { page: ({ path }) => ({ status: 200, headers: { "X-Path": path }, body: "page" }) },
      logger: { ...SILENT_LOGGER, error },
    });
    this.#listener = createServer((socket) => this.#serve(socket));
    this.#control = connectTo(this.server);
    this.#control.answersPings = true;
    // Its window is wide enough for all calls that it will ever make.
    this.#control.begin().send(FRAME.windowUpdate, 0, 0, [0x7f, 0, 0, 0]);
    t.teardown(() => this.#listener.close());
  }

  /** A connection in memory: the client's end. */
  connect(): Duplex {
    const [near, far] = duplexPair();
    this.#serve(far);
    return near;
  }

  /** A connection of the system's. */
  async connectTcp(): Promise<Socket> {
    if (!this.#listener.listening) {
      this.#listener.listen(0, "127.0.0.1");
      await once(this.#listener, "listening");
    }
    const { port } = this.#listener.address() as AddressInfo;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return socket;
  }

  /** The neighbour's call; false when it is answered wrongly. */
  async isNeighbourServed(): Promise<boolean> {
    this.#controlStreamId += 2;
    const streamId = this.#controlStreamId;
    const text = `call ${streamId}`;
    this.#control.call(streamId, Buffer.from(text));
    const hasEnded = ({ type, flags, streamId: id }: ReceivedFrame): boolean =>
      id === streamId && type === FRAME.headers && (flags & 1) !== 0;
    if (!(await soon(() => this.#control.frames.some(hasEnded)))) return false;
    const trailers = this.#control.frames.find(hasEnded)?.fields;
    const data = this.#control.frames.find(
      (frame) => frame.type === FRAME.data && frame.streamId === streamId,
    );
    const isRight = data?.payload.toString("latin1", 5) === text;
    const isFresh = this.#control.frames.every((frame) => {
      return frame.streamId === 0 || frame.streamId === streamId;
    });
    this.#control.frames.length = 0;
    return isRight && isFresh && trailers?.join() === "grpc-status: 0";
  }

  /** Closes everything; what is left then is a leak. */
  async close(): Promise<void> {
    this.#control.socket.destroy();
    await this.server.close({ graceMs: 0 });
    this.#listener.close();
  }

  #serve(socket: Duplex): void {
    this.openSockets += 1;
    socket.once("close", () => (this.openSockets -= 1));
    this.server.handle(socket);
  }

  #channel(): Channel {
    return {
      unary: (method, request) => {
        if (method === "range") return LARGE;
        if (method === "txn") throw new EtcdError("compacted");
        if (method === "compact") return Promise.reject(new EtcdError("futureRevision"));
        if (method === "deleteRange") return new Promise(() => undefined);
        return request.length % 2 === 0 ? request : Promise.resolve(request);
      },
      stream: (_method, _context, output) => this.#stream(output),
    };
  }

  /** Answers each request twice, later or at once, and sees that nobody speaks out of turn. */
  #stream(output: StreamOutput): StreamInput {
    this.openStreams += 1;
    let isOver = false;
    let isBlocked = false;
    let count = 0;
    const check = (what: string): void => {
      if (isOver) this.bugs.push(`${what} after the end`);
    };
    const end = (): void => {
      isOver = true;
      this.openStreams -= 1;
    };
    return {
      write: (message) => {
        check("write");
        if (isBlocked) this.bugs.push("write while blocked");
        count += 1;
        const isLarge = message.length === LARGE_ANSWER_BYTES;
        isBlocked = !output.write(isLarge ? LARGE : message) || isBlocked;
        if (!isBlocked) isBlocked = !output.write(message);
        if (message.length !== 13) return;
        end();
        output.end(new EtcdError("stopped"));
      },
      end: () => {
        check("end");
        end();
        output.end();
      },
      cancel: () => {
        check("cancel");
        end();
      },
      drained: () => {
        check("drained");
        if (!isBlocked) this.bugs.push("drained without being blocked");
        isBlocked = false;
        if (count > 100) isBlocked = !output.write(Buffer.alloc(1));
      },
    };
  }
}

/** More than a stream holds for a client that does not read. */
const LARGE = Buffer.alloc(300_000, "l");
