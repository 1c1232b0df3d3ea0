/**
 * etcd's API as JSON over HTTP: a path is a method, a body its requests, an answer its responses.
 * Source: etcd server/embed/serve.go, registerGateway; github.com/grpc-ecosystem/grpc-gateway/v2
 * runtime (mux.go, handler.go, errors.go).
 */
import { SINGLE_REQUEST_METHODS, STATUS, STREAM_METHODS, loadJson } from "../wire/index.ts";
import type { Channel, Logger, Method, StreamMethod, UnaryMethod } from "../wire/index.ts";
import { GatewayCall } from "./gateway-call.ts";
import { GatewayMessages } from "./gateway-messages.ts";
import type { HeldBytes, Json } from "./gateway-messages.ts";
import { ANSWER_HEADERS, errorReply, refusalReply } from "./gateway-replies.ts";
import { GATEWAY_ROUTES } from "./gateway-routes.ts";
import { GatewayStream } from "./gateway-stream.ts";
import type { ExchangeReply, HttpExchange } from "./http-exchange.ts";
import { refusalOf } from "./grpc-status.ts";

export interface GatewayOptions {
  readonly channel: Channel;
  /** Largest message, bytes. */
  readonly messageBytesMax: number;
  readonly logger: Logger;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #json: Json;
  readonly #held: HeldBytes = { count: 0 };

  static async load(options: GatewayOptions): Promise<Gateway> {
    return new Gateway(options, await loadJson());
  }

  private constructor(options: GatewayOptions, json: Json) {
    this.#options = options;
    this.#json = json;
  }

  /** Answers one request; `path` is that below the root. Never rejects. */
  async answer(request: HttpExchange, path: string): Promise<ExchangeReply> {
    const method = methodOf(path);
    if (method === undefined) return refusalReply(STATUS.notFound, "Not Found");
    if (request.method !== "POST") return refusalReply(STATUS.unimplemented, "Method Not Allowed");
    let call: GatewayCall | undefined;
    try {
      call = new GatewayCall(request);
      return await this.#call(method, call);
    } catch (error) {
      call?.close();
      // Nobody reads it; that a body breaks off with its client is no failure.
      if (request.signal.aborted) return refusalReply(STATUS.canceled, "context canceled");
      return errorReply(refusalOf(error, this.#options.logger, method));
    }
  }

  #call(method: Method, call: GatewayCall): Promise<ExchangeReply> {
    const { messageBytesMax: bytesMax } = this.#options;
    const { request: type } = this.#json.jsonTypesOf(method);
    const messages = new GatewayMessages({
      json: this.#json,
      type,
      messageBytesMax: bytesMax,
      held: this.#held,
    });
    if (!isStream(method)) return this.#unary(method, call, messages);
    return this.#stream(method, call, messages);
  }

  async #unary(
    method: UnaryMethod,
    call: GatewayCall,
    messages: GatewayMessages,
  ): Promise<ExchangeReply> {
    const message = await call.inTime(messages.first(call.request));
    const answer = await call.inTime(this.#options.channel.unary(method, message, call));
    call.close();
    const { response } = this.#json.jsonTypesOf(method);
    return { status: 200, headers: ANSWER_HEADERS, body: this.#json.writeJson(response, answer) };
  }

  async #stream(
    method: StreamMethod,
    call: GatewayCall,
    messages: GatewayMessages,
  ): Promise<ExchangeReply> {
    const { channel, logger } = this.#options;
    const isSingle = SINGLE_REQUEST_METHODS.has(method);
    const { response } = this.#json.jsonTypesOf(method);
    const write = (message: Uint8Array): Buffer => this.#json.writeJson(response, message);
    const stream = new GatewayStream({ method, call, write, logger });
    // Before anything is opened: what is wrong with it is the answer.
    const single = isSingle ? await call.inTime(messages.first(call.request)) : undefined;
    stream.open(channel);
    if (single === undefined) stream.pump(messages.all(call.request));
    else stream.only(single);
    return stream.reply();
  }
}

function methodOf(path: string): Method | undefined {
  try {
    return GATEWAY_ROUTES.get(decodeURIComponent(path));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function isStream(method: Method): method is StreamMethod {
  return Object.hasOwn(STREAM_METHODS, method);
}
