/** The header blocks of answers, encoded once where they repeat. */
import type { StatusCode } from "../wire/index.ts";
import type { HeaderSource, HpackEncoder, OutgoingField } from "./http2/index.ts";

/** Those of one connection. */
export class AnswerBlocks {
  readonly #encoder: HpackEncoder;
  readonly head: HeaderSource;
  readonly gzipHead: HeaderSource;
  /** The trailers of an answer that is no refusal. */
  readonly ok: HeaderSource;

  constructor(encoder: HpackEncoder) {
    this.#encoder = encoder;
    this.head = new RepeatedBlock(encoder, HEAD_FIELDS);
    this.gzipHead = new RepeatedBlock(encoder, [
      ...HEAD_FIELDS,
      { name: "grpc-encoding", value: "gzip", isCommon: true },
    ]);
    this.ok = new RepeatedBlock(encoder, [{ name: "grpc-status", value: "0", isCommon: true }]);
  }

  /** Trailers of a refusal. */
  status(code: StatusCode, text: string): HeaderSource {
    return this.#block(statusFields(code, text));
  }

  /** An answer that is a refusal and nothing else. */
  statusOnly(httpStatus: number, code: StatusCode, text: string): HeaderSource {
    const [, contentType] = HEAD_FIELDS;
    return this.#block([
      { name: ":status", value: String(httpStatus) },
      contentType,
      ...statusFields(code, text),
    ]);
  }

  #block(fields: readonly OutgoingField[]): HeaderSource {
    return { encode: () => this.#encoder.encode(fields) };
  }
}

/** A block that is sent over and over: as soon as it changes nothing, it is the same every time. */
class RepeatedBlock implements HeaderSource {
  readonly #encoder: HpackEncoder;
  readonly #fields: readonly OutgoingField[];
  #block: Uint8Array = NOTHING;
  #version = NEVER;

  constructor(encoder: HpackEncoder, fields: readonly OutgoingField[]) {
    this.#encoder = encoder;
    this.#fields = fields;
  }

  encode(): Uint8Array {
    const { version } = this.#encoder;
    if (version === this.#version) return this.#block;
    this.#block = this.#encoder.encode(this.#fields);
    this.#version = this.#encoder.version === version ? version : NEVER;
    return this.#block;
  }
}

const NOTHING = new Uint8Array(0);

/** No version of an encoder. */
const NEVER = -2;

const HEAD_FIELDS = [
  { name: ":status", value: "200" },
  { name: "content-type", value: "application/grpc", isCommon: true },
] as const;

function statusFields(code: StatusCode, text: string): OutgoingField[] {
  return [
    { name: "grpc-status", value: String(code) },
    { name: "grpc-message", value: percentEncoded(text) },
  ];
}

/** Source: gRPC over HTTP/2, Status-Message; the same bytes as gRPC-Go's encodeGrpcMessage. */
function percentEncoded(text: string): string {
  if (/^[ -$&-~]*$/u.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
