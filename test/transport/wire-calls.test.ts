/**
 * Our server behind both its transports, and the real etcd where it is there: a client must not be
 * able to tell them apart, but for what is named.
 */
import { existsSync } from "node:fs";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../../src/index.ts";
import { ERROR_CODE } from "../../src/transport/http2/frames.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { EtcdProcess, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { wireCall } from "./wire-call.ts";
import type { WireAnswer, WireCall } from "./wire-call.ts";
import { WIRE_CASES } from "./wire-calls.ts";

const { etcd: etcdPath } = peerPaths();
const isRequired = process.env["ETCDLET_REQUIRE_PEERS"] === "1";

interface Meaning {
  contentType: string | undefined;
  readonly [detail: string]: unknown;
}

/** What an answer means, without what clients take for the same. */
async function meaning(url: string, call: WireCall): Promise<Meaning> {
  const answer = await Promise.race([wireCall(url, call), silence()]);
  if (answer === undefined) return { contentType: "no answer" };
  const fields = answer.blocks.flat();
  const value = (name: string): string | undefined =>
    fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);
  const status = value("grpc-status");
  const message = decodeURIComponent(value("grpc-message") ?? "");
  return {
    ...meaningOfEnd(answer),
    httpStatus: value(":status"),
    contentType: value("content-type"),
    encoding: value("grpc-encoding")?.replace("identity", "") || undefined,
    status,
    // No text is an empty one; grpc-js has one for success; Go's protobuf varies a space.
    message: status === "0" ? "" : message.replaceAll("\u00a0", " "),
    others: fields.filter((field) => !KNOWN_FIELDS.test(field)),
    messages: answer.messages.map(({ isPacked, bytes }) => ({
      isPacked,
      isEmpty: bytes.length < 1,
    })),
  };
}

/** Milliseconds after which an answer is not waited for any more: it would be a failure. */
const SILENCE_MS = 10_000;

function silence(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), SILENCE_MS).unref();
  });
}

/** After the end of an answer a reset without an error says only that no more of the request is read. */
function meaningOfEnd({ isEnded, reset, goAway }: WireAnswer): object {
  return { isEnded, reset: isEnded && reset === 0 ? undefined : reset, goAway };
}

const KNOWN_FIELDS =
  /^(?::status|content-type|grpc-status|grpc-message|grpc-encoding|grpc-accept-encoding): /u;

async function compare(t: Test, url: string, who: "etcd" | "grpcJs", ours: string): Promise<void> {
  for (const [name, call] of Object.entries(WIRE_CASES)) {
    if (call.notAsked?.includes(who) === true) continue;
    if (who === "etcd" && call.isDeadline === true) continue;
    const [expected, actual] = await Promise.all([meaning(url, call), meaning(ours, call)]);
    // grpc-js names the subtype that is meant where none is.
    if (who === "grpcJs") expected.contentType = expected.contentType?.replace("+proto", "");
    const difference = call[who];
    if (difference === undefined) t.same(actual, expected, name);
    else t.notSame(actual, expected, `${name}: ${difference}`);
  }
}

/** A process of the real etcd with a folder of its own. */
async function startReal(t: Test, flags: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await tempDirectory(t);
  const etcd = await EtcdProcess.start({ binary: etcdPath, folder, unsafeNoFsync: true, flags });
  t.teardown(() => etcd.stop("SIGKILL"));
  return etcd.url;
}

async function start(t: Test, grpcTransport: "http2" | "grpc-js"): Promise<string> {
  const etcd = await Etcd.start({ listenClientUrls: ["http://127.0.0.1:0"], grpcTransport });
  t.teardown(() => etcd.stop());
  return etcd.clientUrls[0] ?? "";
}

void t.test("grpc-js and http2 answer alike, but for what grpc-js does by itself", async (t) => {
  await compare(t, await start(t, "grpc-js"), "grpcJs", await start(t, "http2"));
});

const isThere = existsSync(etcdPath);
const skip = isThere || isRequired ? false : `no ${etcdPath}: run test/peers/build.sh etcd`;

void t.test("the real etcd and http2 answer alike", { skip }, async (t) => {
  await compare(t, await startReal(t), "etcd", await start(t, "http2"));
});

/** How a handler of etcd ends whose call was given up. */
const OF_NO_CAUSE = { status: "1", message: "context canceled" } as const;

/**
 * At a deadline gRPC-Go's handlers send a status, and its own transport resets the stream: who comes
 * first is chance. Behind Go's HTTP server, that is by TLS, it does not; that one adds fields of pages.
 */
void t.test("the real etcd and http2 say the same at deadlines, by TLS", { skip }, async (t) => {
  const { certFile, keyFile } = new TestAuthority(await tempDirectory(t)).certify("server");
  const urls = await Promise.all([
    startReal(t, {
      "listen-client-urls": "https://127.0.0.1:0",
      "cert-file": certFile,
      "key-file": keyFile,
    }),
    startReal(t),
    start(t, "http2"),
  ]);
  for (const [name, call] of Object.entries(WIRE_CASES)) {
    if (call.isDeadline !== true) continue;
    const [secure, plain, ours] = await Promise.all(urls.map((url) => meaning(url, call)));
    t.match(ours, { isEnded: true, status: "4", message: "context deadline exceeded" }, name);
    t.same(ours, { ...secure, others: [] }, `${name}, by TLS`);
    // Now and then its handler has heard of the end of the call, and not why.
    const cause =
      plain!["status"] === "1" ? OF_NO_CAUSE : { status: "4", message: ours!["message"] };
    if (plain!["isEnded"] === true)
      t.same({ ...ours, ...cause }, { ...plain, reset: undefined }, name);
    else t.match(plain, { reset: ERROR_CODE.cancel, status: undefined }, `${name}, reset`);
  }
});
