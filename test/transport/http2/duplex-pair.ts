import { Duplex } from "node:stream";

/** Two ends of a wire that lies in memory: what is written to one is read from the other. */
export function duplexPair(): [Duplex, Duplex] {
  const ends: [End, End] = [new End(), new End()];
  ends[0].far = ends[1];
  ends[1].far = ends[0];
  return ends;
}

class End extends Duplex {
  far: End | undefined;
  #onRead: (() => void) | undefined;

  override _read(): void {
    const onRead = this.#onRead;
    this.#onRead = undefined;
    onRead?.();
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    const { far } = this;
    if (far === undefined || far.destroyed) callback();
    else if (far.push(chunk)) process.nextTick(callback);
    else far.#onRead = callback;
  }

  override _final(callback: () => void): void {
    this.far?.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (this.far?.destroyed === false) process.nextTick(() => this.far?.destroy());
    callback(error);
  }
}
