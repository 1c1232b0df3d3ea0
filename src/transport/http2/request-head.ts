/** What a request begins with, checked. Source: RFC 9113, 8.3.1. */
import { FIELD_KIND } from "./header-field.ts";
import type { HeaderField } from "./header-field.ts";

/**
 * A request's header, never changed once it is made but for what has been found out about it: equal
 * header blocks may share one. Texts that are not there are empty.
 */
export class RequestHead {
  method = "";
  scheme = "";
  path = "";
  authority = "";
  contentType = "";
  /** Of the body, bytes; -1 when it was not said. */
  contentLength = -1;
  encoding = "";
  acceptEncoding = "";
  hostCount = 0;
  /** All fields, pseudo-headers included. */
  readonly fields: readonly HeaderField[];
  /** For whoever answers: what it has found out about such requests. */
  note: unknown = undefined;
  /** The name that somebody asked for last among the fields, and what the answer was. */
  askedName = "";
  askedValue: string | undefined = undefined;

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
  }
}

/** The head that these fields make; undefined when they make none. */
export function requestHeadOf(fields: readonly HeaderField[]): RequestHead | undefined {
  const head = new RequestHead(fields);
  let pseudoHeaders = 0;
  let isRegular = false;
  for (const field of fields) {
    const bit = 1 << field.kind;
    if ((bit & PSEUDO_HEADERS) !== 0) {
      // Each once, and before all others.
      if (isRegular || (pseudoHeaders & bit) !== 0) return undefined;
      pseudoHeaders |= bit;
    } else {
      isRegular = true;
    }
    if (!take(head, field)) return undefined;
  }
  if ((pseudoHeaders & REQUIRED) !== REQUIRED || head.path === "") return undefined;
  return head;
}

/** Whether these fields may follow a request's body. */
export function areTrailers(fields: readonly HeaderField[]): boolean {
  for (const { kind } of fields) {
    if (kind === FIELD_KIND.malformed || ((1 << kind) & PSEUDO_HEADERS) !== 0) return false;
  }
  return true;
}

/** False for a field that makes the request malformed. */
function take(head: RequestHead, { kind, value }: HeaderField): boolean {
  switch (kind) {
    case FIELD_KIND.other:
    case FIELD_KIND.grpcTimeout:
      return true;
    case FIELD_KIND.method:
      head.method = value;
      return true;
    case FIELD_KIND.scheme:
      head.scheme = value;
      return true;
    case FIELD_KIND.authority:
      head.authority = value;
      return true;
    case FIELD_KIND.path:
      head.path = value;
      return true;
    case FIELD_KIND.contentType:
      if (head.contentType === "") head.contentType = value;
      return true;
    case FIELD_KIND.contentLength:
      return takeContentLength(head, value);
    case FIELD_KIND.te:
      return value === "trailers";
    case FIELD_KIND.host:
      head.hostCount++;
      return true;
    case FIELD_KIND.grpcEncoding:
      head.encoding = value;
      return true;
    case FIELD_KIND.grpcAcceptEncoding:
      head.acceptEncoding += `${value},`;
      return true;
    case FIELD_KIND.malformed:
      return false;
  }
}

/** The same length may be said twice. */
function takeContentLength(head: RequestHead, value: string): boolean {
  if (!/^[0-9]{1,15}$/u.test(value)) return false;
  const length = Number(value);
  if (head.contentLength !== -1 && head.contentLength !== length) return false;
  head.contentLength = length;
  return true;
}

const REQUIRED = (1 << FIELD_KIND.method) | (1 << FIELD_KIND.scheme) | (1 << FIELD_KIND.path);
const PSEUDO_HEADERS = REQUIRED | (1 << FIELD_KIND.authority);
