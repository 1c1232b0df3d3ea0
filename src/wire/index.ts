export { EMPTY_CONTEXT } from "./channel.ts";
export { PendingAnswer } from "./pending-answer.ts";
export type { AnswerListener } from "./pending-answer.ts";
export type { CallContext, Channel, StreamInput, StreamOutput } from "./channel.ts";
export type { Clock } from "./clock.ts";
export { formatDuration, formatMilliseconds } from "./duration.ts";
export { EtcdError, STATUS, codeName, isErrorReason } from "./errors.ts";
export type { ErrorReason, StatusCode } from "./errors.ts";
export { authorityOf, fieldOf, withPagesBelow } from "./http-pages.ts";
export type { HttpField, HttpPages, HttpReply, HttpRequest } from "./http-pages.ts";
export { loadJson } from "./json.ts";
export { SILENT_LOGGER } from "./log.ts";
export type { LogFields, Logger } from "./log.ts";
export { SINGLE_REQUEST_METHODS, STREAM_METHODS, UNARY_METHODS } from "./methods.ts";
export type { Method, StreamMethod, UnaryMethod } from "./methods.ts";
export {
  decodeKeyValueHead,
  encodeKeyValue,
  encodeTombstone,
  keyOf,
  keyValueLength,
  taggedBytesLength,
  valueOf,
  withoutValue,
} from "./key-value.ts";
export type { KeyValueFields, KeyValueHead } from "./key-value.ts";
export { HeadFrames, RecordFrames, framesOf, keyValuesOf } from "./key-value-frames.ts";
export type { KeyValueFrames } from "./key-value-frames.ts";
export { contentLengthAt, endOfFrame, frameLength, writeFrame } from "./frame.ts";
export { decodeErrorInStream } from "./reader.ts";
export { changesStore, decodeLogEntry, decodeLogRecord } from "./raft-log.ts";
export type { LogEntry, LogRecord } from "./raft-log.ts";
export { writeRecord } from "./record.ts";
export * as messages from "./messages/index.ts";
export { latin1, writeLatin1 } from "./latin1.ts";
export { RangeParts, joined, txnParts } from "./parts.ts";
export type { Parts } from "./parts.ts";
export {
  EMPTY_HEADER,
  HeaderFrames,
  RESPONSE_OP,
  encodeDeleteRangeResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeRangeStreamResponse,
  encodeResponseOp,
  encodeTxnResponse,
  innerHeader,
} from "./responses.ts";
export { encodeEvents, watchHead, watchIdField } from "./watch-responses.ts";
export type { EventSource } from "./watch-responses.ts";
export { CLUSTER_VERSION, CLUSTER_VERSION_SHORT, ETCD_VERSION } from "./version.ts";
