/**
 * Requests to the JSON gateway and what comes of them, as data: they go to one server that begins
 * empty, one after the other. Of answers, what differs between two servers (ids, sizes) is left out.
 */

export interface GatewayCase {
  /** Below /v3/, or a whole path. */
  readonly path: string;
  /** JSON, or the text of a body as it is. */
  readonly body?: unknown;
  /** Default POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 200. */
  readonly status?: number;
  /** A JSON value, the lines of a stream, or the text of what is no JSON. */
  readonly answer: unknown;
  /** Of a stream that does not end by itself: how many lines are waited for. */
  readonly lines?: number;
}

/** base64. */
export function b64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function header(revision: number): object {
  return { header: { revision: String(revision) } };
}

function refused(code: number, message: string): object {
  return { code, message };
}

const FOO = b64("foo");
const RANGE_FOO = {
  ...header(2),
  kvs: [{ key: FOO, create_revision: "2", mod_revision: "2", version: "1", value: b64("bar") }],
  count: "1",
};
const WRONG = 400;

/** In which order JSON is what it is, and what is none. Nothing is written but by the first. */
export const JSON_CASES: readonly GatewayCase[] = [
  { path: "kv/put", body: { key: FOO, value: b64("bar") }, answer: header(2) },
  { path: "kv/range", body: { key: FOO }, answer: RANGE_FOO },
  { path: "/v3beta/kv/range", body: { key: FOO }, answer: RANGE_FOO },
  { path: "/v3/kv%2frange", body: { key: FOO }, answer: RANGE_FOO },
  { path: "/v3/kv/r%61nge?a=b", body: { key: FOO }, answer: RANGE_FOO },
  {
    path: "kv/range",
    body: { key: FOO },
    headers: { "content-type": "text/plain" },
    answer: RANGE_FOO,
  },
  { path: "kv/range", body: `{"key":"${FOO}"} {"key":1} and so on`, answer: RANGE_FOO },
  { path: "kv/range", body: ` \t\r\n{ "key" : "${FOO}" } `, answer: RANGE_FOO },
  { path: "kv/range", body: `{"key":"${FOO}","nope":{"a":[1,{"b":null},"c"]}}`, answer: RANGE_FOO },
  { path: "kv/range", body: `{"key":"Zm9\\u0076","limit":null}`, answer: RANGE_FOO },
  { path: "kv/range", body: { key: FOO, limit: 5 }, answer: RANGE_FOO },
  { path: "kv/range", body: { key: FOO, limit: "5" }, answer: RANGE_FOO },
  { path: "kv/range", body: `{"key":"${FOO}","limit":0.5e1}`, answer: RANGE_FOO },
  { path: "kv/range", body: { key: FOO, sort_order: "ASCEND" }, answer: RANGE_FOO },
  { path: "kv/range", body: { key: FOO, sortOrder: 1, sort_target: "NOPE" }, answer: RANGE_FOO },
  { path: "kv/range", body: { key: "Zm9", rangeEnd: "AA==" }, answer: RANGE_FOO },
  { path: "kv/range", body: { key: "Zm9", range_end: "AA" }, answer: RANGE_FOO },
  { path: "kv/range", body: { key: "_-8=" }, answer: header(2) },
  { path: "kv/range", body: { key: "/+8" }, answer: header(2) },
  { path: "kv/range", body: { key: "Zh==" }, answer: header(2) },
  {
    path: "kv/range",
    body: { key: FOO, count_only: true, serializable: true },
    answer: { ...header(2), count: "1" },
  },
  ...["", "  ", "{}", '{"key":null}', '{"key":""}'].map((body) => ({
    path: "kv/range",
    body,
    status: WRONG,
    answer: refused(3, "etcdserver: key is not provided"),
  })),
  ...Object.entries({
    "{": "unexpected EOF",
    '{"key"': "unexpected EOF",
    '{"key":"Zg': "unexpected EOF",
    nul: "unexpected EOF",
    x: "invalid character 'x' looking for beginning of value",
    "'": String.raw`invalid character '\'' looking for beginning of value`,
    "}": "invalid character '}' looking for beginning of value",
    "{x}": "invalid character 'x' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    '{"a":[1 2]}': "invalid character '2' after array element",
    '{"a":tru}': "invalid character '}' in literal true (expecting 'e')",
    '{"a":-}': "invalid character '}' in numeric literal",
    '{"a":01}': "invalid character '1' after object key:value pair",
    '{"a":1.}': "invalid character '}' after decimal point in numeric literal",
    '{"a":1e}': "invalid character '}' in exponent of numeric literal",
    '{"a":"\n"}': String.raw`invalid character '\n' in string literal`,
    '{"a":"\\x"}': "invalid character 'x' in string escape code",
    '{"a":"\\u00g0"}': String.raw`invalid character 'g' in \u hexadecimal character escape`,
    "5x": "proto: syntax error (line 1:1): unexpected token 5",
    "5": "proto: syntax error (line 1:1): unexpected token 5",
    "[]": "proto: syntax error (line 1:1): unexpected token [",
    null: "proto: syntax error (line 1:1): unexpected token null",
    '"x"': 'proto: syntax error (line 1:1): unexpected token "x"',
    '{"key":5}': "proto: (line 1:8): invalid value for bytes field key: 5",
    '{"key":"!!"}': 'proto: (line 1:8): invalid value for bytes field key: "!!"',
    '{"key":"Zg="}': 'proto: (line 1:8): invalid value for bytes field key: "Zg="',
    '{"key":"_+8="}': 'proto: (line 1:8): invalid value for bytes field key: "_+8="',
    '{"key":"Z"}': 'proto: (line 1:8): invalid value for bytes field key: "Z"',
    '{"key":\n{}}': "proto: (line 2:1): invalid value for bytes field key: {",
    '{"key":"","key":""}': 'proto: (line 1:11): duplicate field "key"',
    '{"range_end":"","rangeEnd":""}': 'proto: (line 1:17): duplicate field "rangeEnd"',
    '{"limit":" 1"}': 'proto: (line 1:10): invalid value for int64 field limit: " 1"',
    '{"limit":"1x"}': 'proto: (line 1:10): invalid value for int64 field limit: "1x"',
    '{"limit":1.5}': "proto: (line 1:10): invalid value for int64 field limit: 1.5",
    '{"limit":9223372036854775808}':
      "proto: (line 1:10): invalid value for int64 field limit: 9223372036854775808",
    '{"keys_only":"true"}': 'proto: (line 1:14): invalid value for bool field keysOnly: "true"',
    '{"sort_order":1.5}': "proto: (line 1:15): invalid value for enum field sortOrder: 1.5",
    '{"sort_order":2147483648}':
      "proto: (line 1:15): invalid value for enum field sortOrder: 2147483648",
  }).map(([body, message]) => ({
    path: "kv/range",
    body,
    status: WRONG,
    answer: refused(3, message),
  })),
  {
    path: "kv/range",
    body: { key: FOO, sort_order: 77 },
    status: WRONG,
    answer: refused(3, "etcdserver: invalid sort option"),
  },
  ...Object.entries({
    '{"compare":{}}': "proto: syntax error (line 1:12): unexpected token {",
    '{"compare":[null]}': "proto: syntax error (line 1:13): unexpected token null",
    '{"compare":[{"version":0,"value":""}]}':
      'proto: (line 1:26): error parsing "value", oneof etcdserverpb.Compare.target_union is already set',
  }).map(([body, message]) => ({
    path: "kv/txn",
    body,
    status: WRONG,
    answer: refused(3, message),
  })),
];

/** Methods, paths and headers. */
export const HTTP_CASES: readonly GatewayCase[] = [
  ...["GET", "PUT", "DELETE", "PATCH"].map((method) => ({
    path: "kv/range",
    method,
    status: 501,
    answer: refused(12, "Method Not Allowed"),
  })),
  { path: "kv/range", method: "OPTIONS", answer: "" },
  ...["kv/range/", "nope", "", "kv", "kv/range:x", "/v3beta/v3beta/kv/range", "kv/rangestream"].map(
    (path) => ({ path, body: {}, status: 404, answer: refused(5, "Not Found") }),
  ),
  { path: "/v3", body: {}, status: 307, answer: "" },
  ...["/v3alpha/kv/range", "/v3x", "/v3beta"].map((path) => ({
    path,
    body: {},
    status: 404,
    answer: "404 page not found\n",
  })),
  {
    path: "kv/range",
    body: { key: FOO },
    headers: { "grpc-timeout": "1n" },
    status: 504,
    answer: refused(4, "context deadline exceeded"),
  },
  {
    path: "kv/range",
    body: { key: FOO },
    headers: { "grpc-timeout": "-5S" },
    status: 504,
    answer: refused(4, "context deadline exceeded"),
  },
  {
    path: "kv/range",
    body: { key: FOO },
    headers: { "grpc-timeout": "x" },
    status: WRONG,
    answer: refused(3, "invalid grpc-timeout: x"),
  },
  ...["0S", "1H"].map((timeout) => ({
    path: "kv/range",
    body: { key: FOO },
    headers: {
      "grpc-timeout": timeout,
      authorization: "nobody",
      "grpc-metadata-hasleader": "true",
    },
    answer: RANGE_FOO,
  })),
  {
    path: "kv/range",
    body: { key: FOO },
    headers: { "grpc-metadata-x-bin": "!!" },
    status: WRONG,
    answer: refused(
      3,
      "invalid binary header Grpc-Metadata-X-Bin: illegal base64 data at input byte 0",
    ),
  },
];

/** Answers of every kind of method. */
export const CALL_CASES: readonly GatewayCase[] = [
  {
    path: "kv/txn",
    body: {
      compare: [{ key: FOO, target: "VERSION", result: "GREATER", version: "0" }],
      success: [
        { requestRange: { key: FOO, keys_only: true } },
        { request_put: { key: b64("a"), prev_kv: true } },
      ],
    },
    answer: {
      ...header(3),
      succeeded: true,
      responses: [
        {
          response_range: {
            ...header(2),
            kvs: [{ key: FOO, create_revision: "2", mod_revision: "2", version: "1" }],
            count: "1",
          },
        },
        { response_put: header(3) },
      ],
    },
  },
  { path: "kv/deleterange", body: { key: b64("a") }, answer: { ...header(4), deleted: "1" } },
  { path: "kv/compaction", body: { revision: "3" }, answer: header(4) },
  {
    path: "kv/compaction",
    body: { revision: 99 },
    status: WRONG,
    answer: refused(11, "etcdserver: mvcc: required revision is a future revision"),
  },
  {
    path: "lease/grant",
    body: { ID: "9007199254740993", TTL: 600 },
    answer: { ...header(4), ID: "9007199254740993", TTL: "600" },
  },
  {
    path: "lease/grant",
    body: { ID: "9007199254740993", TTL: 600 },
    status: WRONG,
    answer: refused(9, "etcdserver: lease already exists"),
  },
  { path: "kv/put", body: { key: FOO, lease: "9007199254740993" }, answer: header(5) },
  ...["lease/timetolive", "kv/lease/timetolive"].map((path) => ({
    path,
    body: { ID: "-1" },
    answer: { ...header(5), ID: "-1", TTL: "-1" },
  })),
  ...["lease/leases", "kv/lease/leases"].map((path) => ({
    path,
    body: {},
    answer: { ...header(5), leases: [{ ID: "9007199254740993" }] },
  })),
  { path: "lease/revoke", body: { ID: "9007199254740993" }, answer: header(6) },
  ...["lease/revoke", "kv/lease/revoke"].map((path) => ({
    path,
    body: { ID: 7 },
    status: 404,
    answer: refused(5, "etcdserver: requested lease not found"),
  })),
  { path: "maintenance/alarm", body: { alarm: "NOSPACE" }, answer: header(6) },
  { path: "maintenance/defragment", body: {}, answer: {} },
  {
    path: "maintenance/transfer-leadership",
    body: { targetID: "1" },
    status: WRONG,
    answer: refused(9, "etcdserver: bad leader transferee"),
  },
  {
    path: "cluster/member/remove",
    body: { ID: "1" },
    status: 404,
    answer: refused(5, "etcdserver: member not found"),
  },
  {
    path: "cluster/member/promote",
    body: { ID: "1" },
    status: 404,
    answer: refused(5, "etcdserver: member not found"),
  },
  { path: "auth/status", body: {}, answer: { ...header(6), authRevision: "1" } },
  {
    path: "auth/enable",
    body: {},
    status: WRONG,
    answer: refused(9, "etcdserver: root user does not exist"),
  },
  {
    path: "auth/authenticate",
    body: { name: "a", password: "b" },
    status: WRONG,
    answer: refused(9, "etcdserver: authentication is not enabled"),
  },
  { path: "auth/user/list", body: {}, answer: header(6) },
  { path: "auth/role/list", body: {}, answer: header(6) },
  {
    path: "auth/user/get",
    body: { name: "x" },
    status: WRONG,
    answer: refused(9, "etcdserver: user name not found"),
  },
];

/** Streams; the store is where {@link CALL_CASES} left it. */
export const STREAM_CASES: readonly GatewayCase[] = [
  {
    path: "watch",
    body: { create_request: { key: FOO, start_revision: 5 } },
    lines: 2,
    answer: [
      { result: { ...header(6), created: true } },
      {
        result: {
          ...header(6),
          events: [
            {
              kv: {
                key: FOO,
                create_revision: "2",
                mod_revision: "5",
                version: "2",
                lease: "9007199254740993",
              },
            },
            { type: "DELETE", kv: { key: FOO, mod_revision: "6" } },
          ],
        },
      },
    ],
  },
  {
    path: "watch",
    body:
      '{"create_request":{"key":"YQ==","filters":["NOPUT","X",1]}}\n' +
      '{"cancel_request":{"watch_id":0}} garbage',
    lines: 2,
    answer: [
      { result: { ...header(6), created: true } },
      { result: { ...header(6), canceled: true } },
    ],
  },
  {
    path: "watch",
    body: { create_request: { key: FOO, start_revision: 1 } },
    lines: 2,
    answer: [
      { result: { ...header(6), created: true } },
      { result: { header: {}, canceled: true, compact_revision: "3" } },
    ],
  },
  {
    path: "watch",
    body: { create_request: { key: FOO } },
    headers: { "grpc-timeout": "1S" },
    answer: [
      { result: { ...header(6), created: true } },
      { error: refused(4, "context deadline exceeded") },
    ],
  },
  {
    path: "watch",
    body: {},
    headers: { "grpc-timeout": "1n" },
    status: 504,
    answer: refused(4, "context deadline exceeded"),
  },
  {
    path: "lease/keepalive",
    body: '{"ID":1}{"ID":"2"}',
    answer: [{ result: { ...header(6), ID: "1" } }, { result: { ...header(6), ID: "2" } }],
  },
  {
    path: "lease/keepalive",
    body: '{"ID":1}{"ID":"x"}{"ID":"2"}',
    answer: [{ result: { ...header(6), ID: "1" } }],
  },
  { path: "lease/keepalive", body: "", answer: [] },
  { path: "lease/keepalive", body: "garbage", answer: [] },
  {
    path: "maintenance/snapshot",
    body: "garbage",
    status: WRONG,
    answer: refused(3, "invalid character 'g' looking for beginning of value"),
  },
];
