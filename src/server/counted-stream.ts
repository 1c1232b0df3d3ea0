/** A stream that is open: between who opened it and who answers it, with everything counted. */
import { EtcdError, SINGLE_REQUEST_METHODS, STATUS } from "../wire/index.ts";
import type { StatusCode, StreamInput, StreamMethod, StreamOutput } from "../wire/index.ts";
import type { CallCounts, MethodCounts } from "./call-counts.ts";

export class CountedStream implements StreamInput {
  /** Where the one who answers writes to. */
  readonly output: Required<StreamOutput>;
  readonly #all: CallCounts;
  readonly #counts: MethodCounts;
  readonly #method: StreamMethod;
  readonly #onOver: (stream: CountedStream) => void;
  #input: StreamInput | undefined = undefined;
  #isOpen = true;
  /** The end of the requests is still to be counted. */
  #readsOn: boolean;

  /** `onOver` is called once, whichever side ends it. */
  constructor(
    method: StreamMethod,
    output: StreamOutput,
    counts: CallCounts,
    onOver: (stream: CountedStream) => void,
  ) {
    this.#method = method;
    this.#all = counts;
    this.#counts = counts.of(method);
    this.#onOver = onOver;
    // etcd's handlers read on until there is nothing left, and its middleware counts that reading.
    this.#readsOn = !SINGLE_REQUEST_METHODS.has(method);
    this.#counts.started++;
    this.output = {
      write: (message) => {
        this.#counts.sent++;
        counts.sentBytes += message.length;
        return output.write(message);
      },
      writeParts: (head, blocks) => {
        this.#counts.sent++;
        counts.sentBytes += head.length;
        for (const block of blocks) counts.sentBytes += block.length;
        if (output.writeParts !== undefined) return output.writeParts(head, blocks);
        return output.write(Buffer.concat([head, ...blocks]));
      },
      end: (error) => {
        if (this.#over(error?.code ?? STATUS.ok)) output.end(error);
      },
    };
  }

  /** Who answers; before anything comes in. Without, all of it is let fall. */
  attach(input: StreamInput): void {
    this.#input = input;
  }

  write(message: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#counts.received++;
    this.#all.receivedBytes += message.length;
    this.#input?.write(message);
  }

  end(): void {
    if (this.#isOpen) this.#readEnd();
    this.#input?.end();
  }

  cancel(): void {
    if (!this.#over(STATUS.canceled)) return;
    this.#readEnd();
    this.#input?.cancel();
  }

  drained(): void {
    this.#input?.drained();
  }

  /** The server takes no more calls. */
  stop(): void {
    this.#input?.cancel();
    this.output.end(new EtcdError("stopped"));
  }

  #readEnd(): void {
    if (this.#readsOn) this.#counts.received++;
    this.#readsOn = false;
  }

  /** `false` when it was over already. */
  #over(code: StatusCode): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.#all.ended(this.#method, code);
    this.#onOver(this);
    return true;
  }
}
