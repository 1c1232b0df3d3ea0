export { Http2Connection } from "./connection.ts";
export type { Http2ConnectionOptions } from "./connection.ts";
export { ERROR_CODE, readUint32, writeUint32 } from "./frames.ts";
export { FIELD_KIND } from "./header-field.ts";
export type { HeaderField } from "./header-field.ts";
export { HpackEncoder } from "./hpack-encoder.ts";
export type { OutgoingField } from "./hpack-encoder.ts";
export {
  HELD_MESSAGE_COST_BYTES,
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  RECEIVED_BYTES_MAX,
} from "./limits.ts";
export type { RequestHead } from "./request-head.ts";
export { NO_TRAILERS } from "./sender.ts";
export type { HeaderSource } from "./sender.ts";
export type { RequestHandler } from "./stream-table.ts";
export type { Http2Stream, StreamReceiver } from "./stream.ts";
