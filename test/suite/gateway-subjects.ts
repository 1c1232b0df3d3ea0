/** Servers with a JSON gateway, and two ways to send it requests. */
import { readFile } from "node:fs/promises";
import { request as requestHttp1 } from "node:http";
import { connect } from "node:http2";
import { join } from "node:path";
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { EtcdProcess } from "../harness/etcd-process.ts";
import { freePort } from "../kube/processes.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The answer is left when it has so many lines. */
  readonly lines: number | undefined;
}

export interface GatewayReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface GatewaySubject {
  send(request: GatewayRequest): Promise<GatewayReply>;
}

/** By plain HTTP/1.1. */
export function http1Subject(url: string): GatewaySubject {
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const outgoing = requestHttp1(url + request.path, {
          method: request.method,
          headers: request.headers,
          agent: false,
        });
        outgoing.on("error", reject);
        outgoing.on("response", (incoming) => {
          const finish = (body: string): void => {
            outgoing.destroy();
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body });
          };
          collect(incoming, request.lines, finish);
        });
        outgoing.end(request.body);
      }),
  };
}

/** By HTTP/2, each request on a connection of its own. */
export function http2Subject(url: string, ca: string): GatewaySubject {
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const session = connect(url, { ca });
        session.on("error", reject);
        const head = { ...request.headers, ":method": request.method, ":path": request.path };
        const stream = session.request(head, { endStream: request.body === "" });
        stream.on("error", reject);
        stream.on("response", (headers) => {
          const finish = (body: string): void => {
            stream.close();
            session.destroy();
            resolve({ status: headers[":status"] ?? 0, headers, body });
          };
          collect(stream, request.lines, finish);
        });
        if (request.body !== "") stream.end(request.body);
      }),
  };
}

/** All of an answer, or its first lines. */
function collect(
  incoming: NodeJS.ReadableStream,
  lines: number | undefined,
  finish: (body: string) => void,
): void {
  let body = "";
  incoming.setEncoding("utf8");
  incoming.on("data", (chunk: string) => {
    body += chunk;
    if (lines !== undefined && body.split("\n").length > lines) finish(body);
  });
  incoming.on("end", () => finish(body));
}

/** How to start a server, by a name for its tests. */
export type SubjectStart = (t: Test) => Promise<GatewaySubject>;

/** Our server, or the real etcd when there is a binary. */
export function subjects(etcdBinary: string | undefined): ReadonlyMap<string, SubjectStart> {
  return new Map<string, SubjectStart>([
    ["etcdlet by HTTP/1.1", async (t) => http1Subject(await startOurs(t, undefined))],
    [
      "etcdlet by HTTP/2 and TLS",
      async (t) => {
        const folder = await tempDirectory(t);
        const url = await startOurs(t, folder);
        return http2Subject(url, await readFile(join(folder, "cert.pem"), "utf8"));
      },
    ],
    ...(etcdBinary === undefined ? [] : realSubjects(etcdBinary)),
  ]);
}

async function startOurs(t: Test, selfSigned: string | undefined): Promise<string> {
  const scheme = selfSigned === undefined ? "http" : "https";
  const etcd = await Etcd.start({
    listenClientUrls: [`${scheme}://127.0.0.1:0`],
    tls: selfSigned === undefined ? undefined : { selfSigned: { folder: selfSigned, years: 1 } },
  });
  t.teardown(() => etcd.stop());
  return etcd.clientUrls[0] ?? "";
}

function realSubjects(binary: string): [string, SubjectStart][] {
  const start = async (
    t: Test,
    scheme: "http" | "https",
    flags: Record<string, string>,
  ): Promise<string> => {
    const folder = await tempDirectory(t);
    // Its gateway calls the port by the number that it was given.
    const url = `${scheme}://127.0.0.1:${String(await freePort())}`;
    const etcd = await EtcdProcess.start({
      binary,
      folder,
      unsafeNoFsync: true,
      flags: { ...flags, "listen-client-urls": url },
    });
    t.teardown(() => etcd.stop("SIGKILL"));
    return etcd.url;
  };
  return [
    ["etcd by HTTP/1.1", async (t) => http1Subject(await start(t, "http", {}))],
    [
      "etcd by HTTP/2 and TLS",
      async (t) => {
        const authority = new TestAuthority(await tempDirectory(t));
        const { certFile, keyFile } = authority.certify("server");
        const url = await start(t, "https", {
          "cert-file": certFile,
          "key-file": keyFile,
        });
        return http2Subject(url, authority.cert);
      },
    ],
  ];
}
