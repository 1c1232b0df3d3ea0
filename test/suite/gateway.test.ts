/**
 * The JSON gateway: the same requests to our server, by HTTP/1.1 and by HTTP/2, and to the real etcd
 * where ETCD_BIN says where it is. All of them are held against one set of answers.
 */
import t from "tap";
import type { Test } from "tap";
import { CALL_CASES, HTTP_CASES, JSON_CASES, STREAM_CASES, b64 } from "./gateway-cases.ts";
import type { GatewayCase } from "./gateway-cases.ts";
import { subjects } from "./gateway-subjects.ts";
import type { GatewayReply, GatewaySubject } from "./gateway-subjects.ts";

const CORS = {
  "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE",
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "accept, content-type, authorization",
};

/** Hundreds of requests, each with a handshake, on a busy machine. */
const SUBJECT_LIMIT_MS = 120_000;

/** Numbers that two servers do not share. */
const OWN = new Set(["cluster_id", "member_id", "raft_term"]);

/**
 * The value without what is a server's own. Go may put another kind of space behind "proto:", and of a
 * stream whose time is over its gateway may see the reset before it sees the time.
 */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "string") {
    return value
      .replace("proto:\u00a0", "proto: ")
      .replace(/^stream terminated by RST_STREAM .* CANCEL$/u, "context deadline exceeded");
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !OWN.has(name));
  return Object.fromEntries(kept.map(([name, one]) => [name, comparable(one)]));
}

async function send(subject: GatewaySubject, one: GatewayCase): Promise<GatewayReply> {
  const { body = "" } = one;
  return subject.send({
    method: one.method ?? "POST",
    path: one.path.startsWith("/") ? one.path : `/v3/${one.path}`,
    headers: one.headers ?? {},
    body: typeof body === "string" ? body : JSON.stringify(body),
    lines: one.lines,
  });
}

function parsed(reply: GatewayReply, { answer, lines }: GatewayCase): unknown {
  if (typeof answer === "string") return reply.body;
  if (!Array.isArray(answer)) return comparable(JSON.parse(reply.body));
  const texts = reply.body.split("\n").filter((line) => line !== "");
  return texts.slice(0, lines).map((line) => comparable(JSON.parse(line)));
}

async function check(t: Test, subject: GatewaySubject, one: GatewayCase): Promise<void> {
  const name = `${one.path} ${JSON.stringify({ ...one.headers, body: one.body })}`;
  const reply = await send(subject, one);
  t.equal(reply.status, one.status ?? 200, `status of ${name}`);
  t.strictSame(parsed(reply, one), one.answer, name);
  t.match(reply.headers, CORS, `CORS of ${name}`);
  if (typeof one.answer === "string") return;
  const hasMessages = !Array.isArray(one.answer) || one.answer.length > 0;
  t.equal(reply.headers["content-type"], hasMessages ? "application/json" : undefined);
  if (reply.status === 200 && hasMessages) {
    t.equal(reply.headers["grpc-metadata-content-type"], "application/grpc");
  }
}

t.setTimeout(4 * SUBJECT_LIMIT_MS);

for (const [name, start] of subjects(process.env["ETCD_BIN"])) {
  t.test(`Gateway of ${name}`, async (t) => {
    t.setTimeout(SUBJECT_LIMIT_MS);
    const subject = await start(t);
    t.test("takes JSON as etcd does, and refuses it with etcd's texts", async (t) => {
      for (const one of JSON_CASES) await check(t, subject, one);
    });
    t.test("answers methods, paths and headers of HTTP as etcd does", async (t) => {
      for (const one of HTTP_CASES) await check(t, subject, one);
    });
    t.test("answers calls of every kind as etcd does", async (t) => {
      for (const one of CALL_CASES) await check(t, subject, one);
    });
    t.test("serves streams as etcd does", async (t) => {
      for (const one of STREAM_CASES) await check(t, subject, one);
    });
    t.test("refuses messages that are too large, and no others", async (t) => {
      const put = (bytes: number): GatewayCase => ({
        path: "kv/put",
        body: { key: b64("k"), value: Buffer.alloc(bytes).toString("base64") },
        answer: undefined,
      });
      t.equal((await send(subject, put(1_500_000))).status, 200);
      const asRequest = await send(subject, put(1_600_000));
      t.equal(asRequest.status, 400);
      t.match(JSON.parse(asRequest.body), { message: "etcdserver: request is too large" });
      const asMessage = await send(subject, put(2_500_000));
      t.equal(asMessage.status, 429);
      t.match(JSON.parse(asMessage.body), {
        code: 8,
        message: "grpc: received message larger than max (2500008 vs. 2097152)",
      });
      const spaces = " ".repeat(1_000_000);
      const long = {
        path: "kv/range",
        body: `${spaces}{"key":"aw=="}${spaces}`,
        answer: undefined,
      };
      t.equal((await send(subject, long)).status, 200);
    });
    t.test("names fields of other answers as etcd does", async (t) => {
      const fieldsOf = async (path: string): Promise<string[]> => {
        const { body } = await send(subject, { path, body: {}, answer: undefined });
        return Object.keys(JSON.parse(body) as object);
      };
      const status = await fieldsOf("maintenance/status");
      for (const field of ["version", "dbSize", "leader", "raftIndex", "raftTerm", "dbSizeInUse"]) {
        t.ok(status.includes(field), `${field} in ${status.join(" ")}`);
      }
      t.strictSame(await fieldsOf("maintenance/hash"), ["header", "hash"]);
      t.match(await fieldsOf("maintenance/hashkv"), ["header", "hash"]);
      t.strictSame(await fieldsOf("cluster/member/list"), ["header", "members"]);
    });
  });
}
