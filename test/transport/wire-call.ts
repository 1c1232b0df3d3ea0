/**
 * One call as bytes on a connection of its own, and all that a client can see of its answer. So the
 * servers of gRPC can be held against each other, also in what no well-kept client would send.
 */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { FLAG, FRAME, readUint32 } from "../../src/transport/http2/frames.ts";
import { RawClient, prefixed } from "./http2/raw-client.ts";
import type { ReceivedFrame } from "./http2/raw-client.ts";
import { hostOf } from "./serve-channel.ts";

/** What is sent. */
export interface WireCall {
  readonly path: string;
  /** Replace or, with undefined, remove the usual fields. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** Come behind the others; a name may come again. */
  readonly moreFields?: readonly (readonly [name: string, value: string])[];
  /** The body in DATA frames; none is a request that ends with its header. */
  readonly body?: readonly Uint8Array[];
  /** The client does not end its side. */
  readonly isOpen?: boolean;
  /** So many frames of DATA are waited for, and not the end. */
  readonly untilData?: number;
  /** Sent as trailers, which end the client's side. */
  readonly trailers?: readonly (readonly [name: string, value: string])[];
  /** Resets with this code when so many frames of DATA have come. */
  readonly reset?: { readonly code: number; readonly afterData: number };
}

/** What a client sees. */
export interface WireAnswer {
  /** Of all header blocks, without the fields of no meaning; sorted within a block. */
  readonly blocks: readonly (readonly string[])[];
  readonly messages: readonly WireMessage[];
  /** The server has ended its side. */
  readonly isEnded: boolean;
  /** The code with which the server has reset the stream. */
  readonly reset: number | undefined;
  /** The code with which the server has ended the connection. */
  readonly goAway: number | undefined;
}

export interface WireMessage {
  readonly isPacked: boolean;
  readonly bytes: Buffer;
}

export async function wireCall(url: string, call: WireCall): Promise<WireAnswer> {
  const socket = await dial(url);
  const client = new RawClient(socket);
  const streamId = 1;
  const dataCount = (): number => client.frames.filter(({ type }) => type === FRAME.data).length;
  const hasCome = (count: number): boolean => dataCount() >= count || client.frames.some(isEnd);
  client.begin();
  await client.until(({ type }) => type === FRAME.settings);
  client.send(FRAME.settings, FLAG.ack, 0);
  send(client, streamId, call);
  if (call.reset !== undefined) {
    const { code, afterData } = call.reset;
    await client.when(() => hasCome(afterData));
    client.send(FRAME.rstStream, 0, streamId, [0, 0, 0, code]);
  } else {
    await client.when(() => hasCome(call.untilData ?? Infinity));
  }
  // Something may follow the end: a reset of the client's half, now or with the next that is heard.
  await client.settled();
  await client.settled();
  socket.destroy();
  return answerOf(client.frames);
}

async function dial(url: string): Promise<Duplex> {
  const address = { ...hostOf(url), noDelay: true };
  if (url.startsWith("http:")) return connectTcp(address);
  const socket = connectTls({ ...address, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket;
}

function send(client: RawClient, streamId: number, call: WireCall): void {
  const { body = [], isOpen = false, trailers } = call;
  const block = Buffer.concat([
    client.block({ ":path": call.path, ...call.fields }),
    client.encoder.encode((call.moreFields ?? []).map(([name, value]) => ({ name, value }))),
  ]);
  const endsAt = isOpen || trailers !== undefined ? -1 : body.length;
  const headFlags = FLAG.endHeaders | (endsAt === 0 ? FLAG.endStream : 0);
  client.send(FRAME.headers, headFlags, streamId, block);
  body.forEach((piece, index) => {
    for (let at = 0; at === 0 || at < piece.length; at += FRAME_BYTES_MAX) {
      const isLast = index + 1 === endsAt && at + FRAME_BYTES_MAX >= piece.length;
      const part = piece.subarray(at, at + FRAME_BYTES_MAX);
      client.send(FRAME.data, isLast ? FLAG.endStream : 0, streamId, part);
    }
  });
  if (trailers === undefined) return;
  const fields = trailers.map(([name, value]) => ({ name, value }));
  const flags = FLAG.endHeaders | FLAG.endStream;
  client.send(FRAME.headers, flags, streamId, client.encoder.encode(fields));
}

function isEnd({ type, flags, streamId }: ReceivedFrame): boolean {
  if (streamId !== 1) return type === FRAME.goAway;
  if (type === FRAME.rstStream) return true;
  return (type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0;
}

function answerOf(frames: readonly ReceivedFrame[]): WireAnswer {
  const own = frames.filter(({ streamId }) => streamId === 1);
  const codeOf = (type: number, at: number): number | undefined => {
    const frame = frames.find((each) => each.type === type);
    return frame === undefined ? undefined : readUint32(frame.payload, at);
  };
  const body = own.filter(({ type }) => type === FRAME.data).map(({ payload }) => payload);
  return {
    blocks: own
      .filter(({ type, flags }) => type === FRAME.headers && (flags & FLAG.endHeaders) !== 0)
      .map(({ fields }) => fields.filter((field) => !/^(date|server): /u.test(field)).toSorted()),
    messages: messagesOf(Buffer.concat(body)),
    isEnded: own.some(({ type, flags }) => type <= FRAME.headers && (flags & FLAG.endStream) !== 0),
    reset: codeOf(FRAME.rstStream, 0),
    goAway: codeOf(FRAME.goAway, 4),
  };
}

/** The messages in a body. What is none ends it. */
export function messagesOf(body: Buffer): WireMessage[] {
  const messages: WireMessage[] = [];
  for (let at = 0; at + PREFIX_BYTES <= body.length;) {
    const end = at + PREFIX_BYTES + body.readUInt32BE(at + 1);
    const isPacked = body[at] === 1;
    const bytes = body.subarray(at + PREFIX_BYTES, end);
    messages.push({ isPacked, bytes: isPacked ? gunzipSync(bytes) : bytes });
    at = end;
  }
  return messages;
}

/** A message of a text, as it goes into a body. */
export function textMessage(text: string): Buffer {
  return prefixed(Buffer.from(text));
}

const PREFIX_BYTES = 5;
const FRAME_BYTES_MAX = 16_384;
