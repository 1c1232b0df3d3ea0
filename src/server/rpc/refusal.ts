/** Any error as one that a client may see. */
import { EtcdError, STATUS, decodeErrorInStream } from "../../wire/index.ts";

/** Refusals pass through; a failure of the disk, or a bug, becomes an internal error. */
export function asEtcdError(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new EtcdError(STATUS.internal, `etcdlet: ${reason}`, { cause: error });
}

/** As {@link asEtcdError}, in the words in which a stream refuses a malformed message. */
export function asStreamError(error: unknown): EtcdError {
  return asEtcdError(decodeErrorInStream(error));
}

/**
 * As the refusal of a call that a service made: what is in etcd's table goes out with code 2, as a
 * plain error of Go does. Source: etcd client/v3, ContextError; api/v3rpc/rpctypes/error.go, Error.
 */
export function asInnerRefusal(error: EtcdError): EtcdError {
  if (error.reason === undefined) return error;
  return new EtcdError(STATUS.unknown, error.message, { cause: error });
}
