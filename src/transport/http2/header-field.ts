/**
 * One field of a header list. A field of a table is one object for all requests that refer to it, so
 * what has to be known of it is found out once.
 */

/** What a field means to a server. */
export const FIELD_KIND = {
  other: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  contentType: 5,
  contentLength: 6,
  te: 7,
  host: 8,
  grpcTimeout: 9,
  grpcEncoding: 10,
  grpcAcceptEncoding: 11,
  /** Makes a request malformed wherever it stands. Source: RFC 9113, 8.2. */
  malformed: 12,
} as const;

export type FieldKind = (typeof FIELD_KIND)[keyof typeof FIELD_KIND];

export interface HeaderField {
  /** In lower case; for one that is not, {@link HeaderField.kind} is `malformed`. */
  readonly name: string;
  /** One character for each byte. */
  readonly value: string;
  readonly kind: FieldKind;
  /** What it counts in a table and in a list, bytes. Source: RFC 7541, 4.1. */
  readonly size: number;
}

/** Bytes that a field counts beside its own. Source: RFC 7541, 4.1. */
const FIELD_OVERHEAD_BYTES = 32;

const KINDS: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  [":method", FIELD_KIND.method],
  [":scheme", FIELD_KIND.scheme],
  [":authority", FIELD_KIND.authority],
  [":path", FIELD_KIND.path],
  ["content-type", FIELD_KIND.contentType],
  ["content-length", FIELD_KIND.contentLength],
  ["te", FIELD_KIND.te],
  ["host", FIELD_KIND.host],
  ["grpc-timeout", FIELD_KIND.grpcTimeout],
  ["grpc-encoding", FIELD_KIND.grpcEncoding],
  ["grpc-accept-encoding", FIELD_KIND.grpcAcceptEncoding],
  // Those of HTTP/1.1 that speak of the connection. Source: RFC 9113, 8.2.2.
  ["connection", FIELD_KIND.malformed],
  ["keep-alive", FIELD_KIND.malformed],
  ["proxy-connection", FIELD_KIND.malformed],
  ["transfer-encoding", FIELD_KIND.malformed],
  ["upgrade", FIELD_KIND.malformed],
]);

export function fieldOf(name: string, value: string): HeaderField {
  return withKind(name, value, kindOf(name));
}

/** A field of the same name as another, with another value. */
export function sameName(field: HeaderField, value: string): HeaderField {
  // A field may be malformed for its value alone.
  const { name, kind } = field;
  return withKind(name, value, kind === FIELD_KIND.malformed ? kindOf(name) : kind);
}

function withKind(name: string, value: string, kind: FieldKind): HeaderField {
  return {
    name,
    value,
    kind: isValue(value) ? kind : FIELD_KIND.malformed,
    size: name.length + value.length + FIELD_OVERHEAD_BYTES,
  };
}

function kindOf(name: string): FieldKind {
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  return NAME.test(name) ? FIELD_KIND.other : FIELD_KIND.malformed;
}

/**
 * The characters of a token but for capitals. A pseudo-header that is none of the known ones has a
 * colon, and so is no name. Source: RFC 9110, 5.6.2; RFC 9113, 8.2.1 and 8.3.
 */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/u;

/** Source: RFC 9113, 8.2.1. */
function isValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    if (code === 0 || code === 0x0a || code === 0x0d) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
