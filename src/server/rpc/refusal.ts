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
