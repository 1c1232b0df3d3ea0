/** One writer, many watchers: how many events a second reach them. */
import { STREAM_METHODS, UNARY_METHODS, messages } from "../../src/wire/index.ts";
import type { GrpcLoadClient } from "./grpc-load-client.ts";
import type { UnaryResult } from "./loads.ts";

const PREFIX = Buffer.from("/watched/");
const PREFIX_END = Buffer.from("/watched0");
const VALUE = Buffer.alloc(256, "w");

/**
 * Every watcher has its own watch on the same prefix, spread over the clients, one stream each. The
 * writer puts the next key when every watcher has heard of the one before. An operation is one
 * event delivered; a latency is from the put to the last watcher.
 */
export async function runWatchFanOut(
  clients: readonly GrpcLoadClient[],
  options: { watchers: number; seconds: number },
): Promise<UnaryResult> {
  const fan = new Fan(clients, options.watchers);
  await fan.created;
  const latencies: number[] = [];
  const startMs = performance.now();
  while (performance.now() - startMs < options.seconds * 1000) {
    const beganMs = performance.now();
    await fan.putAndHear();
    latencies.push(performance.now() - beganMs);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const operations = latencies.length * options.watchers;
  return { operations, failures: 0, seconds, latencies: Float64Array.from(latencies).sort() };
}

class Fan {
  readonly #clients: readonly GrpcLoadClient[];
  readonly #watchers: number;
  readonly created: Promise<void>;
  /** Bytes heard by all watchers since the last put began. */
  #messages = 0;
  #target: number;
  #onTarget: () => void = () => undefined;
  #index = 0;

  constructor(clients: readonly GrpcLoadClient[], watchers: number) {
    this.#clients = clients;
    this.#watchers = watchers;
    this.#target = watchers;
    this.created = new Promise((resolve) => {
      this.#onTarget = resolve;
    });
    const create = messages.encodeWatchRequest({
      createRequest: { key: PREFIX, rangeEnd: PREFIX_END },
    });
    const perClient = Math.ceil(watchers / clients.length);
    for (const client of clients) {
      const count = Math.min(perClient, watchers - clients.indexOf(client) * perClient);
      if (count <= 0) continue;
      const counter = new MessageCounter(() => this.#heard());
      const stream = client.call(STREAM_METHODS.watch, create, counter, true);
      for (let watcher = 1; watcher < count; watcher++) client.send(stream, create);
    }
  }

  async putAndHear(): Promise<void> {
    this.#messages = 0;
    this.#target = this.#watchers;
    const key = Buffer.concat([PREFIX, Buffer.from(String(this.#index++ % 1000))]);
    const heard = new Promise<void>((resolve) => {
      this.#onTarget = resolve;
    });
    const message = messages.encodePutRequest({ key, value: VALUE });
    this.#clients[0]!.call(UNARY_METHODS.put, message, { data: () => undefined, end: noop });
    await heard;
  }

  #heard(): void {
    this.#messages++;
    if (this.#messages === this.#target) this.#onTarget();
  }
}

function noop(): void {
  // The watchers tell when the put is done.
}

/** Counts gRPC messages in a stream of DATA payloads. */
class MessageCounter {
  readonly #onMessage: () => void;
  /** Bytes of the message under way that are still to come. */
  #missing = 0;
  #prefix: Buffer = Buffer.alloc(0);

  constructor(onMessage: () => void) {
    this.#onMessage = onMessage;
  }

  data(payload: Buffer): void {
    let rest = payload;
    while (rest.length > 0) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, rest.length);
        this.#missing -= taken;
        rest = rest.subarray(taken);
        if (this.#missing === 0) this.#onMessage();
        continue;
      }
      const bytes = this.#prefix.length === 0 ? rest : Buffer.concat([this.#prefix, rest]);
      if (bytes.length < 5) {
        this.#prefix = bytes;
        return;
      }
      this.#prefix = Buffer.alloc(0);
      this.#missing = bytes.readUInt32BE(1);
      rest = bytes.subarray(5);
      if (this.#missing === 0) this.#onMessage();
    }
  }

  end(): void {
    throw new Error("the server ended a watch");
  }
}
