/**
 * A channel whose calls are a user's: it tells the password, sends the token with every call, and gets
 * another one when that is no longer good. Source: etcd client/v3/retry_interceptor.go and client.go,
 * getToken.
 *
 * A stream shows its token once, when it is opened. So that it is a good one, it is tried before with
 * a call that costs little; what is sent meanwhile waits.
 */
import { EtcdError, EMPTY_CONTEXT, messages } from "../wire/index.ts";
import type {
  CallContext,
  Channel,
  ErrorReason,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../wire/index.ts";

/** Who to be. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Refusals after which another token helps. */
const RENEWING: ReadonlySet<ErrorReason | undefined> = new Set<ErrorReason>([
  "invalidAuthToken",
  "authOldRevision",
  "userEmpty",
]);

/** Messages of a stream that wait for its token; with one more the stream ends. */
const HELD_MESSAGES_MAX = 1000;

export class UserChannel implements Channel {
  readonly #channel: Channel;
  readonly #credentials: Credentials;
  /** Undefined also where nobody is asked for one. */
  #token: string | undefined = undefined;
  #hasAsked = false;
  /** The token that is being got. */
  #renewal: Promise<void> | undefined = undefined;

  constructor(channel: Channel, credentials: Credentials) {
    this.#channel = channel;
    this.#credentials = credentials;
  }

  /** Gets a token, if there is none. Rejects with EtcdError, as for a wrong password. */
  async authenticate(): Promise<void> {
    if (!this.#hasAsked) await this.#renew(undefined);
  }

  async unary(method: UnaryMethod, request: Uint8Array, context: CallContext): Promise<Uint8Array> {
    if (method === "authenticate") return this.#channel.unary(method, request, context);
    await this.authenticate();
    const token = this.#token;
    try {
      return await this.#channel.unary(method, request, this.#contextOf(context));
    } catch (error) {
      if (!(error instanceof EtcdError) || !RENEWING.has(error.reason)) throw error;
      await this.#renew(token);
      return this.#channel.unary(method, request, this.#contextOf(context));
    }
  }

  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    const held = new HeldInput(output);
    const open = async (): Promise<void> => {
      await this.unary("authStatus", messages.encodeAuthStatusRequest({}), EMPTY_CONTEXT);
      held.open((to) => this.#channel.stream(method, this.#contextOf(context), to));
    };
    // open() rejects with EtcdError alone, as channels do.
    open().catch((error: unknown) => held.fail(error as EtcdError));
    return held;
  }

  /** Gets another token than `old`; once for all that ask at a time. */
  async #renew(old: string | undefined): Promise<void> {
    if (this.#token !== old) return;
    this.#renewal ??= this.#getToken().finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
  }

  async #getToken(): Promise<void> {
    const { user: name, password } = this.#credentials;
    const request = messages.encodeAuthenticateRequest({ name, password });
    try {
      const answer = await this.#channel.unary("authenticate", request, EMPTY_CONTEXT);
      this.#token = messages.decodeAuthenticateResponse(answer).token;
    } catch (error) {
      if (!(error instanceof EtcdError) || error.reason !== "authNotEnabled") throw error;
      this.#token = undefined;
    }
    this.#hasAsked = true;
  }

  #contextOf(context: CallContext): CallContext {
    const token = this.#token;
    if (token === undefined) return context;
    return { metadata: (name) => (name === "token" ? token : context.metadata(name)) };
  }
}

/** What is sent on a stream before it is open. */
class HeldInput implements StreamInput {
  readonly #output: StreamOutput;
  #input: StreamInput | undefined = undefined;
  #held: Uint8Array[] = [];
  #hasEnded = false;
  #isOver = false;

  constructor(output: StreamOutput) {
    this.#output = output;
  }

  open(stream: (output: StreamOutput) => StreamInput): void {
    if (this.#isOver) return;
    const input = stream(this.#output);
    this.#input = input;
    for (const message of this.#held.splice(0)) input.write(message);
    if (this.#hasEnded) input.end();
  }

  fail(error: EtcdError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#output.end(error);
  }

  write(message: Uint8Array): void {
    if (this.#input !== undefined) this.#input.write(message);
    else if (this.#held.length < HELD_MESSAGES_MAX) this.#held.push(message);
    else this.fail(new EtcdError("tooManyRequests"));
  }

  end(): void {
    this.#hasEnded = true;
    this.#input?.end();
  }

  cancel(): void {
    this.#isOver = true;
    this.#input?.cancel();
  }

  drained(): void {
    this.#input?.drained();
  }
}
