/** A channel that answers what a test tells it to, and remembers what it was asked. */
import { EtcdError } from "../../src/wire/index.ts";
import type {
  CallContext,
  Channel,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../../src/wire/index.ts";

interface FakeCall {
  readonly method: UnaryMethod;
  readonly request: Uint8Array;
  readonly context: CallContext;
}

/** The far end of one stream. */
export class FakeStream implements StreamInput {
  readonly method: StreamMethod;
  readonly context: CallContext;
  /** Where the test answers. */
  readonly output: StreamOutput;
  /** What the client has sent. */
  readonly sent: Uint8Array[] = [];
  ended = false;
  canceled = false;
  drainedCount = 0;
  /** Called with every message that the client sends, for streams that answer by themselves. */
  onWrite: ((message: Uint8Array) => void) | undefined;

  constructor(method: StreamMethod, context: CallContext, output: StreamOutput) {
    this.method = method;
    this.context = context;
    this.output = output;
  }

  write(message: Uint8Array): void {
    this.sent.push(message);
    this.onWrite?.(message);
  }

  end(): void {
    this.ended = true;
  }

  cancel(): void {
    this.canceled = true;
  }

  drained(): void {
    this.drainedCount += 1;
  }
}

export class FakeChannel implements Channel {
  readonly calls: FakeCall[] = [];
  readonly streams: FakeStream[] = [];
  /** Bytes that every unary call is answered with, or what it is refused with. */
  answer: Uint8Array | EtcdError = new Uint8Array();
  /** Called with every stream that the client opens, once it is open. */
  onStream: ((stream: FakeStream) => void) | undefined;

  unary(method: UnaryMethod, request: Uint8Array, context: CallContext): Uint8Array {
    this.calls.push({ method, request, context });
    if (this.answer instanceof EtcdError) {
      throw this.answer;
    }
    return this.answer;
  }

  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    const stream = new FakeStream(method, context, output);
    this.streams.push(stream);
    this.onStream?.(stream);
    return stream;
  }

  /** The only call so far. */
  get call(): FakeCall {
    const [call] = this.calls;
    if (call === undefined || this.calls.length > 1) {
      throw new Error(`Expected one call: there were ${this.calls.length}`);
    }
    return call;
  }

  /** The stream opened last. */
  get lastStream(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) {
      throw new Error("Expected a stream: none was opened");
    }
    return stream;
  }
}
