/** Several watches on one stream, which outlives a server that goes away and comes back. */
import type { Client, WatchStream } from "../../client/index.ts";
import { EtcdError, messages, STATUS } from "../../wire/index.ts";
import { CommandError, EXIT } from "./definition.ts";
import type { Terminal } from "./definition.ts";
import { errorText } from "./session.ts";

/** Between attempts to open the stream again, ms. */
const REOPEN_MS = 100;

/** The id that answers to progress requests have, which are for all. */
const EVERYBODY = -1;

/** What one watch has not taken yet; the command that prints reads as fast as it can. */
class Inbox {
  readonly request: messages.WatchCreateRequestInit;
  /** Where to go on after the stream was lost. */
  nextRevision: number;
  readonly #unread: messages.WatchResponse[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(request: messages.WatchCreateRequestInit) {
    this.request = request;
    this.nextRevision = request.startRevision ?? 0;
  }

  put(response: messages.WatchResponse): void {
    this.#unread.push(response);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *take(): AsyncGenerator<messages.WatchResponse, void> {
    for (;;) {
      for (let response = this.#unread.shift(); response; response = this.#unread.shift()) {
        yield response;
      }
      if (this.#isOver) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export class WatchBoard {
  readonly #client: Client;
  readonly #terminal: Terminal;
  /** By the id that they have on the stream, which is given here. */
  readonly #inboxes = new Map<number, Inbox>();
  #stream: WatchStream | undefined;
  #lastId = 0;
  #isClosed = false;
  #failure: CommandError | undefined;

  constructor(client: Client, terminal: Terminal) {
    this.#client = client;
    this.#terminal = terminal;
  }

  /** Answers with events, about progress, or that it was ended by the server, which is the last. */
  async *watch(
    request: messages.WatchCreateRequestInit,
  ): AsyncGenerator<messages.WatchResponse, void> {
    const inbox = new Inbox(request);
    this.#lastId += 1;
    this.#inboxes.set(this.#lastId, inbox);
    this.#create(this.#lastId, inbox);
    yield* inbox.take();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Has all watches say how far they are. */
  requestProgress(): void {
    this.#stream?.send({ progressRequest: {} });
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.cancel();
  }

  #create(watchId: number, inbox: Inbox): void {
    if (this.#stream === undefined) {
      this.#stream = this.#client.stream("watch");
      // Never rejects.
      void this.#read(this.#stream);
    }
    const startRevision = inbox.nextRevision;
    this.#stream.send({ createRequest: { ...inbox.request, watchId, startRevision } });
  }

  async #read(stream: WatchStream): Promise<void> {
    try {
      for await (const response of stream) this.#deliver(response);
      this.#end(undefined);
    } catch (error) {
      if (error instanceof EtcdError && error.code === STATUS.unavailable) {
        await this.#reopen();
      } else {
        this.#end(new CommandError(EXIT.error, errorText(error)));
      }
    }
  }

  #deliver(response: messages.WatchResponse): void {
    if (response.watchId === EVERYBODY) {
      for (const inbox of this.#inboxes.values()) inbox.put(response);
      return;
    }
    const inbox = this.#inboxes.get(response.watchId);
    if (inbox === undefined) return;
    const { revision = 0 } = response.header ?? {};
    if (response.created && !response.canceled) {
      // Told nothing yet, it has to hear of what comes next even over another stream.
      if (inbox.nextRevision === 0) inbox.nextRevision = revision + 1;
      return;
    }
    const last = response.events.at(-1)?.kv?.modRevision ?? revision;
    inbox.nextRevision = Math.max(inbox.nextRevision, last + 1);
    inbox.put(response);
    if (response.canceled) {
      inbox.end();
      this.#inboxes.delete(response.watchId);
    }
  }

  async #reopen(): Promise<void> {
    this.#stream = undefined;
    await this.#terminal.sleep(REOPEN_MS);
    if (this.#isClosed) return;
    for (const [watchId, inbox] of this.#inboxes) this.#create(watchId, inbox);
  }

  #end(failure: CommandError | undefined): void {
    this.#failure = failure;
    for (const inbox of this.#inboxes.values()) inbox.end();
  }
}
