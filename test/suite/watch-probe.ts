/** A watch stream as tests use it: every wait has a bound, and events read as text. */
import type { Client, WatchStream } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { bytes, text, within } from "./checks.ts";

/** What to watch, with keys as text. */
export type WatchWish = Omit<messages.WatchCreateRequestInit, "key" | "rangeEnd"> & {
  readonly key: string;
  readonly rangeEnd?: string;
};

/** One stream, with any number of watches. */
export class WatchProbe {
  readonly stream: WatchStream;

  constructor(client: Client) {
    this.stream = client.watchStream();
  }

  /** Asks for a watch without waiting for an answer. */
  ask({ key, rangeEnd, ...rest }: WatchWish): void {
    const range = rangeEnd === undefined ? {} : { rangeEnd: bytes(rangeEnd) };
    this.stream.send({ createRequest: { key: bytes(key), ...range, ...rest } });
  }

  /** Asks for a watch and returns the next answer, which should be the one that it is made. */
  async create(wish: WatchWish): Promise<messages.WatchResponse> {
    this.ask(wish);
    return await this.next(`the watch of ${wish.key} to be made`);
  }

  cancel(watchId: number): void {
    this.stream.send({ cancelRequest: { watchId } });
  }

  requestProgress(): void {
    this.stream.send({ progressRequest: {} });
  }

  /** The next answer of the stream, of whichever watch. */
  async next(what: string = "an answer of the watch stream"): Promise<messages.WatchResponse> {
    const { done, value } = await within(what, this.stream.next());
    if (done === true) {
      throw new Error(`Waited for ${what}: the stream has ended`);
    }
    return value;
  }

  /** Answers until so many events have come, in order. */
  async take(eventCount: number): Promise<messages.WatchResponse[]> {
    const answers: messages.WatchResponse[] = [];
    let missing = eventCount;
    while (missing > 0) {
      const answer = await this.next(`${missing} more events`);
      answers.push(answer);
      missing -= answer.events.length;
    }
    return answers;
  }
}

/** Runs with a stream that is given up at the end, however it ends. */
export async function withProbe(
  client: Client,
  body: (probe: WatchProbe) => Promise<void>,
): Promise<void> {
  const probe = new WatchProbe(client);
  try {
    await body(probe);
  } finally {
    probe.stream.cancel();
  }
}

/** Events as text: `+key=value` or `-key`, without the prefix of the test. */
export function told(
  answer: { readonly events: readonly messages.Event[] },
  prefix: string,
): string {
  return answer.events.map((event) => toldEvent(event, prefix)).join(" ");
}

function toldEvent({ type, kv }: messages.Event, prefix: string): string {
  const key = text(kv?.key ?? new Uint8Array()).slice(prefix.length);
  return type === messages.EventType.delete
    ? `-${key}`
    : `+${key}=${text(kv?.value ?? new Uint8Array())}`;
}
