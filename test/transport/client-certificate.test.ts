import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:tls";
import t from "tap";
import { GrpcChannel, serve } from "../../src/transport/index.ts";
import { EMPTY_CONTEXT, UNARY_METHODS } from "../../src/wire/index.ts";
import type { CallContext } from "../../src/wire/index.ts";
import { commonNameOf } from "../../src/transport/client-certificate.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const HELLO = Buffer.from("hello");

void t.test("commonNameOf() a certificate", (t) => {
  const raw = Buffer.from("certificate");
  const subject = { C: "", ST: "", L: "", O: "", OU: "", CN: "kate" };
  t.equal(commonNameOf({}), undefined, "none");
  t.equal(commonNameOf({ raw, subject }), "kate");
  // What Node answers is not as its types say: one without a name, and one with two.
  t.equal(commonNameOf({ raw, subject: {} } as never), "");
  t.equal(commonNameOf({ raw, subject: { CN: ["first", "last"] } } as never), "last");
  t.end();
});

for (const grpcTransport of ["http2", "grpc-js"] as const) {
  void t.test(
    `the name in a client's certificate reaches the channel (${grpcTransport})`,
    async (t) => {
      const folder = await tempDirectory(t);
      const authority = new TestAuthority(folder);
      const names: (string | undefined)[] = [];
      const note = (context: CallContext): void => void names.push(context.certificateName?.());
      const echo = echoChannel();
      const channel = echoChannel({
        unary: (_method, request, context) => {
          note(context);
          return request;
        },
        stream: (method, context, output) => {
          note(context);
          return echo.stream(method, context, output);
        },
      });
      const { certFile, keyFile } = authority.certify("server");
      const served = async (trustedCaFile: string | undefined): Promise<string> => {
        const serving = await serve({
          clientUrls: ["https://127.0.0.1:0"],
          tls: { certFile, keyFile, trustedCaFile },
          channel,
          pages: { page: () => ({ status: 404, headers: {}, body: "" }) },
          grpcTransport,
        });
        t.teardown(() => serving.close({ graceMs: 0 }));
        return serving.clientUrls[0] ?? "";
      };
      const { cert, key } = authority.certify("kate", { commonName: "kate" });
      const tls = { ca: authority.cert, cert, key };
      const url = await served(authority.certFile);
      for (const to of [url, await served(undefined)]) {
        const client = await GrpcChannel.connect(to, { tls });
        t.teardown(() => client.close());
        await client.unary("put", HELLO, EMPTY_CONTEXT);
        const ended = new Promise<void>((resolve) => {
          const output = { write: () => true, end: () => resolve() };
          client.stream("watch", EMPTY_CONTEXT, output).end();
        });
        await ended;
      }
      t.same(names.splice(0), ["kate", "kate", undefined, undefined], "asked for, and not");

      const { hostname: host, port } = new URL(url);
      let session: Buffer | undefined;
      for (const isResumed of [false, true]) {
        const options = {
          host,
          port: Number(port),
          ALPNProtocols: ["h2"],
          servername: "localhost",
          ...tls,
        };
        const socket = connect({ ...options, ...(session === undefined ? {} : { session }) });
        socket.on("session", (next) => (session = next));
        await once(socket, "secureConnect");
        t.equal(socket.isSessionReused(), isResumed);
        const http2 = connectHttp2(url, { createConnection: () => socket });
        const call = http2.request({
          ":method": "POST",
          ":path": UNARY_METHODS.put,
          "content-type": "application/grpc",
          te: "trailers",
        });
        call.end(Buffer.alloc(5));
        await once(call.resume(), "close");
        http2.destroy();
      }
      t.same(names, ["kate", "kate"], "also of a resumed session");
    },
  );
}
