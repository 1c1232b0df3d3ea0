import type { EtcdError, StreamOutput } from "../../src/wire/index.ts";

/** Keeps what a stream answers. Reads as long as `reading` says so. */
export class StreamCollector implements StreamOutput {
  readonly messages: Uint8Array[] = [];
  /** Resolves at the end, with the error where there is one. */
  readonly ended: Promise<EtcdError | undefined>;
  endCount = 0;
  reading = true;
  #end: (error: EtcdError | undefined) => void = () => undefined;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor() {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get texts(): string[] {
    return this.messages.map((message) => Buffer.from(message).toString());
  }

  write(message: Uint8Array): boolean {
    this.messages.push(message);
    const reached = this.#waiting.filter(({ count }) => this.messages.length >= count);
    this.#waiting = this.#waiting.filter(({ count }) => this.messages.length < count);
    for (const { resolve } of reached) resolve();
    return this.reading;
  }

  end(error?: EtcdError): void {
    this.endCount += 1;
    this.#end(error);
  }

  /** Resolves when there are so many messages. */
  async received(count: number): Promise<void> {
    if (this.messages.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }
}
