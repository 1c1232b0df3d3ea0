/** One of two servers with users that do the same: takes steps, and says what they led to. */
import { Client } from "../../src/client/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { normalise } from "./normalise.ts";
import type { Subject } from "./subject.ts";
import { TOKEN_COUNT } from "./user-operations.ts";
import type { Actor, UserStep } from "./user-operations.ts";

/** In the form of a token, and nobody's. */
const BAD_TOKEN = "abcdefghijklmnop.1";

export class UserSide {
  readonly #subject: Subject;
  readonly #tokens: string[] = Array.from({ length: TOKEN_COUNT }, () => BAD_TOKEN);
  /** Of the last answer that told one. */
  revision = 1;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  close(): Promise<void> {
    return this.#subject.stop();
  }

  /** Takes a step. Refusals are outcomes like any other. */
  async take(step: UserStep): Promise<string> {
    try {
      return JSON.stringify(normalise(await this.#take(step)));
    } catch (error) {
      if (error instanceof EtcdError) return `${String(error.code)} ${error.message}`;
      throw error;
    }
  }

  async #take(step: UserStep): Promise<unknown> {
    const client = this.#clientOf(step.actor);
    switch (step.kind) {
      case "unary":
        return this.#comparable(await step.send(client));
      case "login": {
        const { token, ...rest } = await client.unary("authenticate", step.request);
        this.#tokens[step.place] = token;
        return this.#comparable(rest);
      }
      case "watch": {
        const stream = client.stream("watch");
        stream.send({ createRequest: step.request });
        return firstOf(stream);
      }
      case "rangeStream": {
        const stream = client.stream("rangeStream");
        stream.send(step.request);
        stream.end();
        const parts: unknown[] = [];
        for await (const part of stream) parts.push(part);
        return parts;
      }
      case "keepAlive": {
        const stream = client.stream("leaseKeepAlive");
        stream.send(step.request);
        return firstOf(stream);
      }
      case "restart":
        await this.#subject.restart();
        return "restarted";
    }
  }

  /** Without what time makes of it, and in an order. */
  #comparable(answer: object): object {
    const { header } = answer as { header?: { revision?: number } };
    this.revision = header?.revision ?? this.revision;
    if (!("grantedTtl" in answer && "keys" in answer)) return answer;
    const keys = Array.isArray(answer.keys) ? answer.keys.map(String).sort() : answer.keys;
    return { ...answer, keys, ttl: undefined };
  }

  #clientOf(actor: Actor): Client {
    const { channel } = this.#subject;
    if (actor === "none") return new Client(channel);
    const token = actor === "bad" ? BAD_TOKEN : (this.#tokens[actor] ?? BAD_TOKEN);
    return new Client(channel, { metadata: { token } });
  }
}

/** What a stream says first; then it is left. */
async function firstOf(stream: AsyncIterable<unknown> & { end(): void }): Promise<unknown> {
  for await (const message of stream) return message;
  return "nothing";
}
