import { once } from "node:events";
import { connect } from "node:http2";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import t from "tap";
import type { Test } from "tap";
import { echoChannel } from "../harness/echo-channel.ts";
import { serveChannel } from "./serve-channel.ts";

const MESSAGE = Buffer.from([0, 0, 0, 0, 3, 10, 1, 97]);

/** Sends one call with these headers; the answer's headers and trailers in one. */
async function call(t: Test, headers: OutgoingHttpHeaders): Promise<IncomingHttpHeaders> {
  const { url } = await serveChannel(t, echoChannel());
  const session = connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/etcdserverpb.KV/Put",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const answer: IncomingHttpHeaders = {};
  stream.on("response", (headers) => Object.assign(answer, headers));
  stream.on("trailers", (headers) => Object.assign(answer, headers));
  stream.resume();
  stream.end(MESSAGE);
  await once(stream, "close");
  session.close();
  const text = answer["grpc-message"];
  return { ...answer, "grpc-message": decodeURIComponent(String(text)) };
}

void t.test("correctCalls() gives Go's texts for what is not there", async (t) => {
  const texts: Record<string, string> = {
    "/etcdserverpb.KV/Nope": "unknown method Nope for service etcdserverpb.KV",
    "/etcdserverpb.KV/x/Put": "unknown service etcdserverpb.KV/x",
    "/grpc.reflection.v2.ServerReflection/ServerReflectionInfo":
      "unknown service grpc.reflection.v2.ServerReflection",
    "/nope": 'malformed method name: "/nope"',
  };
  for (const [path, text] of Object.entries(texts)) {
    const answer = await call(t, { ":path": path });
    t.match(answer, { ":status": 200, "grpc-status": "12", "grpc-message": text });
  }
});

void t.test("correctCalls() refuses what is not gRPC with etcd's text", async (t) => {
  for (const contentType of ["text/plain", "application/grpcx"]) {
    const answer = await call(t, { "content-type": contentType });
    t.match(answer, {
      ":status": 415,
      "grpc-status": "3",
      "grpc-message": `invalid gRPC request content-type "${contentType}"`,
    });
  }
  for (const contentType of ["application/grpc+proto", "application/grpc;charset=utf-8"]) {
    t.match(await call(t, { "content-type": contentType }), { "grpc-status": "0" });
  }
});

void t.test("correctCalls() lets a call with a far deadline be answered", async (t) => {
  for (const timeout of ["2592000S", "99999999H", "99999999M", "99999999S", "99999999m", "1H"]) {
    t.match(await call(t, { "grpc-timeout": timeout }), { "grpc-status": "0" }, timeout);
  }
  t.match(await call(t, { "grpc-timeout": "soon" }), { "grpc-status": "13" });
});
