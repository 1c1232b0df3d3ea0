/**
 * Election.Observe: who leads, and every value that the leader proclaims.
 *
 * Each message is told before the next one is asked for, so that a caller that does not read holds up
 * its own watch and nothing else. Source: etcd client/v3/concurrency/election.go, observe.
 */
import { messages } from "../../wire/index.ts";
import type { CallContext, EtcdError, StreamInput, StreamOutput } from "../../wire/index.ts";
import { OwnCalls, firstOf, prefixOf, prefixRange, revisionOf } from "./own-calls.ts";
import type { OwnChannel } from "./own-calls.ts";
import { PacedOutput } from "./paced-output.ts";
import { asStreamError } from "./refusal.ts";

/** A leader's key with a value, and the header that it is told with. */
interface Leadership {
  readonly header: messages.ResponseHeader | undefined;
  readonly kv: messages.KeyValue;
}

export class ObserveStream implements StreamInput {
  readonly #own: OwnChannel;
  readonly #context: CallContext;
  readonly #output: PacedOutput;
  readonly #controller = new AbortController();

  constructor(own: OwnChannel, context: CallContext, output: StreamOutput) {
    this.#own = own;
    this.#context = context;
    this.#output = new PacedOutput(output);
  }

  write(bytes: Uint8Array): void {
    const { signal } = this.#controller;
    let name: Uint8Array;
    try {
      ({ name } = messages.decodeLeaderRequest(bytes));
    } catch (error) {
      this.#end(asStreamError(error));
      return;
    }
    const calls = new OwnCalls(this.#own, this.#context, signal);
    // What goes wrong inside ends the stream well: so does etcd's.
    this.#observe(name, calls).then(
      () => this.#end(undefined),
      () => this.#end(undefined),
    );
  }

  end(): void {
    // The one request has come already, or the transport answers for a missing one.
  }

  cancel(): void {
    this.#controller.abort();
    this.#output.cancel();
  }

  drained(): void {
    this.#output.drained();
  }

  async #observe(name: Uint8Array, calls: OwnCalls): Promise<void> {
    while (!this.#output.aborted) {
      const { header, kvs } = await calls.range(firstOf(name));
      const [kv] = kvs;
      const leadership =
        kv === undefined ? await firstPut(name, revisionOf(header), calls) : { header, kv };
      await this.#send(leadership);
      await this.#follow(leadership, calls);
    }
  }

  /** Tells every value of a leader, until its key is deleted. */
  async #follow({ header, kv }: Leadership, calls: OwnCalls): Promise<void> {
    using events = calls.watch({ key: kv.key, startRevision: revisionOf(header) + 1 });
    for (;;) {
      const response = await events.next();
      for (const event of response.events) {
        if (event.type === messages.EventType.delete) return;
        await this.#send({ header: response.header, kv: event.kv! });
      }
    }
  }

  #send(leadership: Leadership): Promise<void> {
    return this.#output.send(messages.encodeLeaderResponse(leadership));
  }

  #end(error: EtcdError | undefined): void {
    this.#controller.abort();
    this.#output.end(error);
  }
}

/** The first key that is put below an election's name, told with the revision of that. */
async function firstPut(
  name: Uint8Array,
  startRevision: number,
  calls: OwnCalls,
): Promise<Leadership> {
  const filters = [messages.FilterType.nodelete];
  using events = calls.watch({ ...prefixRange(prefixOf(name)), startRevision, filters });
  const { header, events: puts } = await events.next();
  // A response that is given out has events, and an event a key.
  const kv = puts[0]!.kv!;
  return { header: { ...header!, revision: kv.modRevision }, kv };
}
