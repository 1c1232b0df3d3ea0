/** Memory for answers: the one place that says how large one may be. */
import { EtcdError, STATUS } from "./errors.ts";

/** Bytes of the longest answer. Source: etcd server/etcdserver/api/v3rpc/grpc.go, maxSendBytes. */
export const ANSWER_BYTES_MAX: number = 2 ** 31 - 1;

/** A buffer for an answer. Throws EtcdError for what is too long, or where there is no memory. */
export function allocateAnswer(bytes: number): Buffer {
  checkAnswerSize(bytes);
  try {
    return Buffer.allocUnsafe(bytes);
  } catch (cause) {
    const text = `etcdlet: no memory for an answer of ${String(bytes)} bytes`;
    throw new EtcdError(STATUS.resourceExhausted, text, { cause });
  }
}

/** Refuses, in gRPC-Go's words, an answer that is too long. */
export function checkAnswerSize(bytes: number): void {
  if (bytes <= ANSWER_BYTES_MAX) return;
  const text = `grpc: trying to send message larger than max (${bytes} vs. ${ANSWER_BYTES_MAX})`;
  throw new EtcdError(STATUS.resourceExhausted, text);
}
