import t from "tap";
import { createPrinter } from "../../../src/cli/print/printer.ts";
import type { Output } from "../../../src/cli/print/printer.ts";
import { humanSize } from "../../../src/cli/print/rows.ts";
import type { Terminal } from "../../../src/cli/commands/definition.ts";
import { messages } from "../../../src/wire/index.ts";

/** An output in one form. */
function printed(format: string, output: Output, isHex: boolean = false): string {
  let text = "";
  // A printer only writes, and complains of what is not healthy.
  const terminal = {
    write: (data) => (text += String(data instanceof Uint8Array ? Buffer.from(data) : data)),
    complain: (line) => (text += `! ${line}`),
  } as Partial<Terminal> as Terminal;
  createPrinter(format, { terminal, isHex }).print(output);
  return text;
}

const header = { clusterId: 2n ** 63n, memberId: 255n, revision: 7, raftTerm: 2 };
const kv = {
  key: Buffer.from("<k>"),
  createRevision: 3,
  modRevision: 4,
  version: 2,
  value: Buffer.of(0xff, 0x0a),
  lease: -1n,
};
const range: Output = {
  kind: "range",
  response: { header, kvs: [kv], more: true, count: 2 },
};

t.test("JSON is that of Go: large numbers, base64, nothing for zeros", async (t) => {
  t.equal(
    printed("json", range),
    '{"header":{"cluster_id":9223372036854775808,"member_id":255,"revision":7,"raft_term":2},' +
      '"kvs":[{"key":"PGs+","create_revision":3,"mod_revision":4,"version":2,"value":"/wo=",' +
      '"lease":-1}],"more":true,"count":2}\n',
  );
  const member = { id: 255n, name: "<a>", peerUrls: ["u"], clientUrls: [], isLearner: false };
  const list: Output = { kind: "memberList", response: { header, members: [member] } };
  t.match(
    printed("json", list),
    '"members":[{"ID":255,"name":"\\u003ca\\u003e","peerURLs":["u"]}]',
  );
  t.match(
    printed("json", list, true),
    '"member_id":"ff","revision":7,"raft_term":2},"members":[{"ID":"ff"',
  );
});

t.test("Fields quote what is no text, and write ids as they are told", async (t) => {
  const lines = printed("fields", range).split("\n");
  t.strictSame(lines.slice(0, 6), [
    '"ClusterID" : 9223372036854775808',
    '"MemberID" : 255',
    '"Revision" : 7',
    '"RaftTerm" : 2',
    '"Key" : "<k>"',
    '"CreateRevision" : 3',
  ]);
  t.ok(lines.includes('"Value" : "\\xff\\n"'));
  t.ok(lines.includes('"Lease" : -1'));
  t.match(printed("fields", range, true), /"MemberID" : ff\n[^]*"Lease" : -000000000000001\n/);
});

t.test("protobuf is the message", async (t) => {
  const bytes: Uint8Array[] = [];
  const terminal = { write: (data) => void bytes.push(Buffer.from(data)) } as Partial<Terminal>;
  createPrinter("protobuf", {
    terminal: terminal as Terminal,
    isHex: false,
  }).print(range);
  const { kvs, count } = messages.decodeRangeResponse(Buffer.concat(bytes));
  t.match([kvs, count], [[kv], 2]);
});

t.test("A table has its names in the middle, and its cells to the right", async (t) => {
  const health: Output = {
    kind: "health",
    list: [
      { endpoint: "a:1", health: true, took: "1ms", error: "" },
      { endpoint: "b:2", health: false, took: "", error: "late" },
    ],
  };
  t.equal(
    printed("table", health),
    "┌──────────┬────────┬──────┬───────┐\n" +
      "│ ENDPOINT │ HEALTH │ TOOK │ ERROR │\n" +
      "├──────────┼────────┼──────┼───────┤\n" +
      "│      a:1 │   true │  1ms │       │\n" +
      "│      b:2 │  false │      │  late │\n" +
      "└──────────┴────────┴──────┴───────┘\n",
  );
  t.equal(
    printed("simple", health),
    "! b:2 is unhealthy: failed to commit proposal: late\n" +
      "a:1 is healthy: successfully committed proposal: took = 1ms\n",
  );
});

t.test("A role's ranges say where they end", async (t) => {
  const { read, readwrite } = messages.PermissionType;
  const [key, open] = [Buffer.from("a"), Buffer.of(0)];
  const perm = [
    { permType: read, key, rangeEnd: Buffer.alloc(0) },
    { permType: readwrite, key, rangeEnd: Buffer.from("b") },
    { permType: read, key, rangeEnd: open },
  ];
  t.equal(
    printed("simple", { kind: "role", name: "r", response: { header, perm } }),
    "Role r\nKV Read:\n\ta\n\t[a, b) (prefix a)\n\t[a, <open ended>\nKV Write:\n\t[a, b) (prefix a)\n",
  );
  t.equal(
    printed("simple", { kind: "role", name: "root", response: { header, perm: [] } }),
    "Role root\nKV Read:\n\t[, <open ended>\nKV Write:\n\t[, <open ended>\n",
  );
});

t.test("A form that cannot print something says so", async (t) => {
  for (const format of ["table", "fields"]) {
    const output: Output = { kind: "userList", response: { header, users: [] } };
    t.throws(() => printed(format, output), {
      code: 4,
      message: / not supported as output format$/,
    });
  }
  t.throws(() => printed("xml", range), { code: 4, message: "unsupported output format" });
});

t.test("humanSize() counts in thousands", async (t) => {
  const cases = [
    [0, "0 B"],
    [9, "9 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [24_576, "25 kB"],
    [2_147_483_648, "2.1 GB"],
  ] as const;
  for (const [bytes, text] of cases) t.equal(humanSize(bytes), text);
});
