import { EtcdError, STATUS } from "../wire/index.ts";
import type { Logger, Method } from "../wire/index.ts";

/** What a call ended by its deadline is told. Source: Go, context.DeadlineExceeded. */
export function deadlineExceeded(): EtcdError {
  return new EtcdError(STATUS.deadlineExceeded, "context deadline exceeded");
}

/**
 * What the client is told. What is no refusal is a bug of ours: the call gets its message and the
 * log all of it, and the server goes on.
 */
export function refusalOf(error: unknown, logger: Logger, method: Method): EtcdError {
  if (error instanceof EtcdError) return error;
  const failure = error instanceof Error ? error : new Error(String(error));
  logger.error("failed to answer a call", {
    method,
    error: failure.message,
    stack: failure.stack,
  });
  return new EtcdError(STATUS.internal, failure.message, { cause: error });
}
