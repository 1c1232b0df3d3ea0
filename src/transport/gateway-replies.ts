/** How the gateway words its answers. Source: github.com/grpc-ecosystem/grpc-gateway/v2 runtime. */
import { STATUS } from "../wire/index.ts";
import type { EtcdError, StatusCode } from "../wire/index.ts";
import type { ExchangeReply } from "./http-exchange.ts";

const JSON_TYPE = { "Content-Type": "application/json" } as const;

/** Of an answer that came from a call: its own header is passed on. */
export const ANSWER_HEADERS = {
  ...JSON_TYPE,
  "Grpc-Metadata-Content-Type": "application/grpc",
} as const;

/** Source: runtime/errors.go, HTTPStatusFromCode. */
const HTTP_STATUS: Readonly<Record<StatusCode, number>> = {
  [STATUS.ok]: 200,
  [STATUS.canceled]: 499,
  [STATUS.unknown]: 500,
  [STATUS.invalidArgument]: 400,
  [STATUS.deadlineExceeded]: 504,
  [STATUS.notFound]: 404,
  [STATUS.alreadyExists]: 409,
  [STATUS.permissionDenied]: 403,
  [STATUS.resourceExhausted]: 429,
  [STATUS.failedPrecondition]: 400,
  [STATUS.aborted]: 409,
  [STATUS.outOfRange]: 400,
  [STATUS.unimplemented]: 501,
  [STATUS.internal]: 500,
  [STATUS.unavailable]: 503,
  [STATUS.dataLoss]: 500,
  [STATUS.unauthenticated]: 401,
};

/** A refusal as JSON. Source: runtime/errors.go, DefaultHTTPErrorHandler. */
export function errorReply({ code, message }: Pick<EtcdError, "code" | "message">): ExchangeReply {
  const authenticate = code === STATUS.unauthenticated ? { "WWW-Authenticate": message } : {};
  return {
    status: HTTP_STATUS[code],
    headers: { ...JSON_TYPE, ...authenticate },
    body: errorText(code, message),
  };
}

/** As {@link errorReply}, of what never became a call. */
export function refusalReply(code: StatusCode, message: string): ExchangeReply {
  return errorReply({ code, message });
}

/** The status without its message when that is empty, as any field. */
function errorText(code: StatusCode, message: string): string {
  return JSON.stringify(message === "" ? { code } : { code, message });
}

/** Of a stream that ends before its first message. */
export function streamErrorReply({ code, message }: EtcdError): ExchangeReply {
  const { status, headers } = errorReply({ code, message });
  return { status, headers, body: streamErrorLine(code, message) };
}

/** Source: runtime/handler.go, handleForwardResponseStreamError. */
export function streamErrorLine(code: StatusCode, message: string): string {
  return `{"error":${errorText(code, message)}}\n`;
}
