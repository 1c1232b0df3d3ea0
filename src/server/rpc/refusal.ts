/** Any error as one that a client may see. */
import { EtcdError, STATUS } from "../../wire/index.ts";

/** Refusals pass through; a failure of the disk, or a bug, becomes an internal error. */
export function asEtcdError(error: unknown): EtcdError {
  if (error instanceof EtcdError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new EtcdError(STATUS.internal, `etcdlet: ${reason}`, { cause: error });
}
