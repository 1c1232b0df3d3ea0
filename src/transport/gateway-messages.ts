/** The messages in a request's body: JSON values one behind the other, within bounds. */
import { EtcdError, STATUS } from "../wire/index.ts";
import type { loadJson } from "../wire/index.ts";
import type { HttpExchange } from "./http-exchange.ts";

export type Json = Awaited<ReturnType<typeof loadJson>>;
type JsonType = ReturnType<Json["jsonTypesOf"]>["request"];

/** Source: gRPC-Go, rpc_util.go, recvMsg. */
function tooLarge(bytes: number, bytesMax: number): EtcdError {
  const text = `grpc: received message larger than max (${String(bytes)} vs. ${String(bytesMax)})`;
  return new EtcdError(STATUS.resourceExhausted, text);
}

/**
 * Bytes of JSON for a byte of message: base64 takes four for three, and the rest is room for those
 * who like white space.
 */
const JSON_BYTES_PER_MESSAGE_BYTE = 4;

/** Bytes of all requests of a server that have not come to their end; one more byte is refused. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** What all requests hold together. */
export interface HeldBytes {
  count: number;
}

export interface GatewayMessagesOptions {
  readonly json: Json;
  readonly type: JsonType;
  readonly messageBytesMax: number;
  readonly held: HeldBytes;
}

export class GatewayMessages {
  readonly #options: GatewayMessagesOptions;

  constructor(options: GatewayMessagesOptions) {
    this.#options = options;
  }

  /**
   * One message after the other, as they come. Throws {@link EtcdError} for what is too large, and
   * what the codec throws for what is no message.
   */
  async *all({ body }: Pick<HttpExchange, "body">): AsyncGenerator<Buffer> {
    const { json, messageBytesMax, held } = this.#options;
    const values = new json.JsonValues(messageBytesMax * JSON_BYTES_PER_MESSAGE_BYTE);
    let ownBytes = 0;
    try {
      for await (const chunk of body) {
        values.push(chunk);
        for (let value = values.next(); value !== undefined; value = values.next()) {
          yield this.#message(value);
        }
        held.count += values.heldBytes - ownBytes;
        ownBytes = values.heldBytes;
        if (held.count > HELD_BYTES_MAX) throw new EtcdError("tooManyRequests");
      }
      const last = values.end();
      if (last !== undefined) yield this.#message(last);
    } catch (error) {
      const isTooLarge = error instanceof json.JsonError && error.reason === "size";
      throw isTooLarge ? tooLarge(values.heldBytes, messageBytesMax) : error;
    } finally {
      held.count -= ownBytes;
    }
  }

  /**
   * The first message; what follows it is read and forgotten. A body without one is an empty message.
   * Source: github.com/grpc-ecosystem/grpc-gateway, the functions that it generates.
   */
  async first(request: Pick<HttpExchange, "body">): Promise<Buffer> {
    const { json, messageBytesMax } = this.#options;
    const chunks = request.body[Symbol.asyncIterator]();
    const shared = { body: { [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) } };
    let first: Buffer | undefined;
    try {
      for await (const message of this.all(shared)) {
        first = message;
        break;
      }
    } catch (error) {
      if (error instanceof json.JsonError) throw invalidArgument(error.message);
      throw error;
    }
    await skipRest(chunks, messageBytesMax * JSON_BYTES_PER_MESSAGE_BYTE);
    return first ?? Buffer.alloc(0);
  }

  #message(value: Buffer): Buffer {
    const { json, type, messageBytesMax } = this.#options;
    const message = json.readJson(type, value);
    if (message.length > messageBytesMax) throw tooLarge(message.length, messageBytesMax);
    return message;
  }
}

function invalidArgument(text: string): EtcdError {
  return new EtcdError(STATUS.invalidArgument, text);
}

/** More than the bound is left where it is; the connection ends with the answer then. */
async function skipRest(chunks: AsyncIterator<Buffer>, bytesMax: number): Promise<void> {
  let bytes = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    bytes += next.value.length;
    if (bytes > bytesMax) return;
  }
}
