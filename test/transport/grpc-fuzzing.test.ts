/** Bodies of calls at random: every call ends with the messages and the status that a model says. */
import t from "tap";
import { FLAG, FRAME } from "../../src/transport/http2/frames.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import type { Random } from "../harness/random-operations.ts";
import { fuzzTest, turn } from "./fuzz/budget.ts";
import { REQUEST_BYTES_MAX, expectedOf, randomBody } from "./fuzz/envelopes.ts";
import type { CallKind, Expected } from "./fuzz/envelopes.ts";
import { connectTo, rawClient } from "./http2/raw-client.ts";
import type { RawClient } from "./http2/raw-client.ts";
import { TestClock } from "./http2/test-clock.ts";
import { messagesOf } from "./wire-call.ts";

const PATHS: Readonly<Record<CallKind, string>> = {
  unary: "/etcdserverpb.KV/Put",
  single: "/etcdserverpb.KV/RangeStream",
  stream: "/etcdserverpb.Watch/Watch",
};

/** In frames of any sizes, empty and padded ones among them, with an end of any kind. */
function sendBody(client: RawClient, streamId: number, body: Buffer, random: Random): void {
  const most = random.pick([1, 7, 100, 16_000]);
  const hasTrailers = random.percent(10);
  let at = 0;
  do {
    const size = random.below(body.length > 2000 ? 16_000 : most + 1);
    const part = body.subarray(at, at + size);
    at += part.length;
    const end = at >= body.length && !hasTrailers ? FLAG.endStream : 0;
    if (random.percent(10)) {
      const padding = random.below(20);
      const padded = Buffer.concat([Buffer.from([padding]), part, Buffer.alloc(padding)]);
      client.send(FRAME.data, FLAG.padded | end, streamId, padded);
    } else client.send(FRAME.data, end, streamId, part);
  } while (at < body.length);
  if (!hasTrailers) return;
  const block = client.encoder.encode([{ name: "trailer", value: "x" }]);
  client.send(FRAME.headers, FLAG.endHeaders | FLAG.endStream, streamId, block);
}

/** What the client got. */
async function answerOf(client: RawClient, streamId: number): Promise<Expected> {
  const trailers = await client.trailers(streamId);
  const valueOf = (name: string): string =>
    trailers.find((field) => field.startsWith(name))?.slice(name.length + 2) ?? "";
  const parts = client.frames.filter((each) => {
    return each.type === FRAME.data && each.streamId === streamId;
  });
  const messages = messagesOf(Buffer.concat(parts.map(({ payload }) => payload)));
  return {
    messages: messages.map(({ bytes }) => bytes.toString("latin1")),
    code: Number(valueOf("grpc-status")),
    text: decodeURIComponent(valueOf("grpc-message")),
  };
}

function isAsExpected(actual: Expected, expected: Expected): boolean {
  return (
    actual.code === expected.code &&
    (expected.text === "" ? actual.text === "" : actual.text.startsWith(expected.text)) &&
    actual.messages.length === expected.messages.length &&
    actual.messages.every((message, index) => message === expected.messages[index])
  );
}

void fuzzTest(t, "GrpcServer makes of any body what gRPC-Go makes of it", async (t, budget) => {
  const { random } = budget;
  const bugs: unknown[] = [];
  const { server } = rawClient(t, {
    clock: new TestClock(),
    maxRequestBytes: REQUEST_BYTES_MAX,
    logger: { ...SILENT_LOGGER, error: (message, fields) => bugs.push({ message, ...fields }) },
  });
  const codes = new Map<string, number>();
  let calls = 0;
  while (budget.isLeft() && bugs.length === 0) {
    const client = connectTo(server).begin([[4, random.pick([0, 100, 100_000])]]);
    for (let streamId = 1; streamId < 100; streamId += 2, calls++) {
      const kind = random.pick(["unary", "single", "stream"] as const);
      const encoding = random.pick(["", "identity", "gzip", "gzip"]);
      const accept = random.pick(["", "gzip", "identity, gzip"]);
      const body = randomBody(random);
      client.request(streamId, {
        ":path": PATHS[kind],
        "grpc-encoding": encoding || undefined,
        "grpc-accept-encoding": accept || undefined,
      });
      sendBody(client, streamId, body, random);
      // Late, so that answers wait, and with them the requests.
      if (random.percent(50)) await turn();
      client.send(FRAME.windowUpdate, 0, streamId, [0, 0x7f, 0, 0]);
      client.send(FRAME.windowUpdate, 0, 0, [0, 0x0f, 0, 0]);
      const expected = expectedOf(kind, body, encoding === "gzip");
      const actual = await answerOf(client, streamId);
      const name = `${kind} ${expected.code}`;
      codes.set(name, (codes.get(name) ?? 0) + 1);
      client.frames.length = 0;
      if (isAsExpected(actual, expected)) continue;
      t.same(actual, expected, `call ${calls}, ${kind}: ${body.toString("hex", 0, 100)}`);
      client.socket.destroy();
      return;
    }
    client.socket.destroy();
  }
  t.same(bugs, []);
  t.comment([...codes].map(([name, count]) => `${name}: ${count}`).join(", "));
  t.ok(calls > 50, `${calls} calls`);
});
