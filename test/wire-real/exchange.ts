/**
 * Calls to a real etcd that check every byte on their way: what is sent and what comes back is
 * walked through by the .proto files, and each answer is decoded and encoded again.
 */
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { codecOf, PROTOS } from "../wire/reference.ts";
import { walkMessage } from "./wire-walk.ts";
import type { Walk } from "./wire-walk.ts";

type Encode<Init> = (message: Init) => Uint8Array;
type Decode<Message> = (bytes: Uint8Array) => Message;

/** How long any single call may take on a busy machine. */
const CALL_MS_MAX = 20_000;

/** What the calls of a test had to do with: shared by the connections to several members. */
export class Ledger implements Walk {
  readonly seen = new Set<string>();
  readonly unknown = new Set<string>();
  /** Paths of the methods that were called. */
  readonly called = new Set<string>();
  /** Messages whose bytes changed by decoding and encoding. */
  readonly changed = new Set<string>();

  request(path: string, bytes: Uint8Array): void {
    this.called.add(path);
    walkMessage(methodAt(path).request, bytes, this);
  }

  response(path: string, bytes: Uint8Array): void {
    const type = methodAt(path).response;
    walkMessage(type, bytes, this);
    const codec = codecOf(type);
    const again = codec.encode(codec.decode(bytes));
    // Go writes maps in any order.
    const holdsMap = type.fieldsArray.some((field) => field.map);
    const equal = holdsMap ? again.length === bytes.length : Buffer.from(again).equals(bytes);
    if (!equal) this.changed.add(`${type.name}: ${Buffer.from(bytes).toString("hex")}`);
  }
}

/** A connection to one member. */
export class Exchange {
  /** Sent with every call from now on; undefined for none. */
  token: string | undefined;
  readonly #ledger: Ledger;
  readonly #client: grpc.Client;

  constructor(address: string, ledger: Ledger) {
    this.#ledger = ledger;
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
    });
  }

  unary<Init, Message>(
    path: string,
    encode: Encode<Init>,
    decode: Decode<Message>,
  ): (message: Init) => Promise<Message> {
    return (message) => {
      const request = encode(message);
      this.#ledger.request(path, request);
      return new Promise((resolve, reject) => {
        this.#client.makeUnaryRequest(
          path,
          toBuffer,
          same,
          request,
          this.#metadata(),
          { deadline: Date.now() + CALL_MS_MAX },
          (error, response) => {
            if (error !== null) reject(error);
            else {
              this.#ledger.response(path, response ?? Buffer.alloc(0));
              resolve(decode(response ?? Buffer.alloc(0)));
            }
          },
        );
      });
    };
  }

  /** Opens a stream; one whose requests do not stream is sent one and then half-closed. */
  stream<Init, Message>(
    path: string,
    encode: Encode<Init>,
    decode: Decode<Message>,
  ): ExchangeStream<Init, Message> {
    const call = this.#client.makeBidiStreamRequest(path, toBuffer, same, this.#metadata(), {
      deadline: Date.now() + CALL_MS_MAX,
    });
    const ledger = this.#ledger;
    const answers = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    return {
      send: (message) => {
        const request = encode(message);
        ledger.request(path, request);
        call.write(request);
      },
      end: () => call.end(),
      next: async () => {
        const answer = await answers.next();
        if (answer.done === true) return undefined;
        ledger.response(path, answer.value);
        return decode(answer.value);
      },
      cancel: () => {
        // What the cancelled call says is known.
        call.on("error", () => undefined);
        call.cancel();
      },
    };
  }

  close(): void {
    this.#client.close();
  }

  #metadata(): grpc.Metadata {
    const metadata = new grpc.Metadata();
    if (this.token !== undefined) metadata.set("token", this.token);
    return metadata;
  }
}

/** One stream: messages out, messages in. */
export interface ExchangeStream<Init, Message> {
  send(message: Init): void;
  end(): void;
  /** The next answer; undefined at the end. Rejects with the stream's error. */
  next(): Promise<Message | undefined>;
  cancel(): void;
}

/** Everything that is still to come. */
export async function rest<Init, Message>(
  stream: ExchangeStream<Init, Message>,
): Promise<Message[]> {
  const answers: Message[] = [];
  for (;;) {
    const answer = await stream.next();
    if (answer === undefined) return answers;
    answers.push(answer);
  }
}

/** The text and code of the error that a call rejects with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    // Every rejected call of grpc-js is a ServiceError.
    const { code, details } = error as grpc.ServiceError;
    return `${code} ${details}`;
  }
  return assert.fail("the call was to be refused");
}

interface Types {
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

function methodAt(path: string): Types {
  const [, serviceName = "", methodName = ""] = path.split("/");
  const method = PROTOS.lookupService(serviceName).methods[methodName];
  const request = method?.resolvedRequestType;
  const response = method?.resolvedResponseType;
  if (!request || !response) throw new Error(`Cannot find method: ${path}`);
  return { request, response };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
