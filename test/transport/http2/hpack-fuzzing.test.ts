/**
 * Our HPACK against nghttp2's, which Node has: header lists at random go both ways through real
 * sessions, and damaged blocks are refused or understood by both alike.
 */
import { connect, createServer, sensitiveHeaders } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import fc from "fast-check";
import t from "tap";
import { FLAG, FRAME, PREFACE, frameOf, readUint32 } from "../../../src/transport/http2/frames.ts";
import type { HeaderField } from "../../../src/transport/http2/header-field.ts";
import { HpackDecoder } from "../../../src/transport/http2/hpack-decoder.ts";
import { HpackError } from "../../../src/transport/http2/hpack-error.ts";
import { HeaderBlocks } from "../../../src/transport/http2/header-blocks.ts";
import { ERROR_CODE, HpackEncoder, Http2Connection } from "../../../src/transport/http2/index.ts";
import type { OutgoingField, RequestHandler } from "../../../src/transport/http2/index.ts";
import type { Random } from "../../harness/random-operations.ts";
import { fuzzTest, soon } from "../fuzz/budget.ts";
import { framesOf } from "../fuzz/conversations.ts";
import { REQUEST, damaged, randomBlocks, randomFields } from "../fuzz/header-lists.ts";
import { duplexPair } from "./duplex-pair.ts";
import { TestClock } from "./test-clock.ts";

type Pair = readonly [name: string, value: string];

const NOBODY = {
  data: () => true,
  ended: () => undefined,
  canceled: () => undefined,
  drained: () => undefined,
};

/** Answers every request with a header list, and keeps what it was asked. */
class Answerer implements RequestHandler {
  readonly asked: Pair[][] = [];
  readonly #encoder: HpackEncoder;
  readonly #random: Random;
  readonly answers: OutgoingField[][] = [];

  constructor(encoder: HpackEncoder, random: Random) {
    this.#encoder = encoder;
    this.#random = random;
  }

  request: RequestHandler["request"] = (stream, head) => {
    this.asked.push(head.fields.map(({ name, value }) => [name, value] as const));
    const status = { name: ":status", value: this.#random.pick(["200", "404", "201"]) };
    const fields = [status, ...randomFields(this.#random)];
    this.answers.push(fields);
    stream.sendHeadOnly({ encode: () => this.#encoder.encode(fields) });
    return NOBODY;
  };
}

/** One request; the fields of its answer. */
function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders): Promise<Pair[]> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: true });
    let pairs: Pair[] = [];
    stream.on("response", (...[, , raw]: ResponseArguments) => (pairs = pairsOf(raw)));
    stream.on("error", reject);
    stream.on("close", () => resolve(pairs));
    stream.resume();
  });
}

/** The last is missing in the types. */
type ResponseArguments = [headers: IncomingHttpHeaders, flags: number, raw?: readonly string[]];

function pairsOf(raw: readonly string[] = []): Pair[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
}

/** Node joins what has one name; which fields it marks as not to be kept is chosen here. */
function headersOf(fields: readonly OutgoingField[], random: Random): OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of fields) (headers[name] ??= []).push(value);
  const secret = Object.keys(headers).filter(() => random.percent(10));
  return { ":path": `/${random.below(3)}`, ...headers, [sensitiveHeaders]: secret };
}

void fuzzTest(
  t,
  "HPACK is the same as nghttp2's, both ways, whatever the table",
  async (t, budget) => {
    const { random } = budget;
    let lists = 0;
    while (budget.isLeft()) {
      const [near, far] = duplexPair();
      let answerer: Answerer | undefined;
      const connection = new Http2Connection({
        socket: far,
        clock: new TestClock(),
        handler: (encoder) => (answerer = new Answerer(encoder, random)),
        onBug: (error) => t.fail(String(error)),
      });
      connection.begin(Buffer.alloc(0));
      const session = connect("http://localhost", {
        createConnection: () => near,
        settings: { headerTableSize: random.pick([0, 100, 1000, 4096, 65_536]) },
      });
      for (let count = 0; count < 20; count++, lists++) {
        if (random.percent(20)) {
          const headerTableSize = random.pick([0, 60, 200, 4096]);
          await new Promise<void>((resolve) =>
            session.settings({ headerTableSize }, () => resolve()),
          );
        }
        const fields = randomFields(random);
        const headers = headersOf(fields, random);
        const answer = await ask(session, headers);
        const asked = answerer?.asked.at(-1)?.filter(([name]) => !name.startsWith(":"));
        const sent = Object.entries(headers).flatMap(([name, values]) =>
          Array.isArray(values) ? values.map((value) => [name, value] as const) : [],
        );
        if (!isSame(asked, sent)) t.same(asked, sent, `request ${lists}`);
        const expected = answerer?.answers.at(-1)?.map(({ name, value }) => [name, value] as const);
        if (!isSame(answer, expected)) t.same(answer, expected, `answer ${lists}`);
      }
      session.destroy();
      connection.shutDown();
    }
    t.ok(lists > 50, `${lists} lists each way`);
  },
);

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** nghttp2 passes fields over in silence whose names or values are not as they must be. */
function isShown([name, value]: Pair): boolean {
  const isName = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/u.test(name);
  return isName && !/[^\t -~\u0080-\u00ff]|^[\t ]|[\t ]$/u.test(value);
}

/** What became of blocks: the fields of each, until one ended the connection. */
interface Outcome {
  readonly lists: ReadonlyMap<number, readonly Pair[]>;
  readonly isRefused: boolean;
}

function ours(blocks: readonly Buffer[]): Outcome {
  const decoder = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 1 << 20 });
  const lists = new Map<number, readonly Pair[]>();
  for (const [index, block] of blocks.entries()) {
    const fields: HeaderField[] = [];
    try {
      decoder.decode(block, 0, block.length, fields);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      return { lists, isRefused: true };
    }
    lists.set(
      index,
      fields.map(({ name, value }) => [name, value] as const),
    );
  }
  return { lists, isRefused: false };
}

/** The same through a server of Node's: what it does not show is malformed as HTTP. */
async function nghttp2(blocks: readonly Buffer[]): Promise<Outcome> {
  const server = createServer();
  const lists = new Map<number, readonly Pair[]>();
  server.on("stream", (stream, _headers, _flags, raw?: readonly string[]) => {
    stream.on("error", () => undefined);
    lists.set(((stream.id ?? 0) - 1) / 2, pairsOf(raw));
    stream.close();
  });
  server.on("sessionError", () => undefined);
  const [near, far] = duplexPair();
  const chunks: Buffer[] = [];
  let isClosed = false;
  near.on("error", () => undefined);
  near.on("data", (chunk: Buffer) => chunks.push(chunk));
  near.once("close", () => (isClosed = true));
  near.once("end", () => (isClosed = true));
  server.emit("connection", far);
  const headers = (streamId: number, block: Buffer): Buffer =>
    frameOf({ type: FRAME.headers, flags: FLAG.endHeaders | FLAG.endStream, streamId }, block);
  near.write(
    Buffer.concat([
      PREFACE,
      frameOf({ type: FRAME.settings, flags: 0, streamId: 0 }, Buffer.alloc(0)),
      ...blocks.map((block, index) => headers(2 * index + 1, block)),
      frameOf({ type: FRAME.ping, flags: 0, streamId: 0 }, Buffer.alloc(8)),
    ]),
  );
  const frames = (): ReturnType<typeof framesOf> => framesOf(Buffer.concat(chunks));
  await soon(
    () => isClosed || frames().some(({ type, flags }) => type === FRAME.ping && flags === 1),
  );
  const goAway = frames().find(({ type }) => type === FRAME.goAway);
  near.destroy();
  const isRefused =
    goAway !== undefined && readUint32(goAway.payload, 4) === ERROR_CODE.compressionError;
  return { lists, isRefused };
}

void fuzzTest(t, "Damaged blocks mean to us what they mean to nghttp2", async (t, budget) => {
  const { random } = budget;
  let refused = 0;
  let understood = 0;
  for (let round = 0; budget.isLeft(); round++) {
    const blocks = randomBlocks(random);
    const at = random.below(blocks.length);
    const chosen = blocks[at];
    if (chosen !== undefined && random.percent(80)) blocks[at] = damaged(chosen, random);
    const actual = ours(blocks);
    const expected = await nghttp2(blocks);
    const hex = blocks.map((block) => block.toString("hex")).join(" ");
    if (actual.isRefused !== expected.isRefused) {
      t.equal(actual.isRefused, expected.isRefused, `round ${round}, refused: ${hex}`);
    }
    for (const [index, list] of expected.lists) {
      const seen = actual.lists.get(index)?.filter(isShown);
      if (!isSame(seen, list)) t.same(seen, list, `round ${round}, block ${index}: ${hex}`);
      understood += 1;
    }
    if (actual.isRefused) refused += 1;
  }
  t.ok(refused > 5 && understood > 5, `${refused} refused, ${understood} understood`);
});

void t.test("HeaderBlocks remembers of a block what it still means", (t) => {
  const field = fc.record({
    name: fc.constantFrom("a", "b"),
    value: fc.constantFrom("1", "2", "3"),
    isCommon: fc.boolean(),
  });
  const step = fc.record({
    fields: fc.array(field, { maxLength: 3 }),
    tableBytes: fc.option(fc.constantFrom(34, 70, 110), { nil: undefined, freq: 4 }),
  });
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const encoder = new HpackEncoder(4096);
    const plain = new HpackDecoder({ tableBytesMax: 4096, listBytesMax: 1 << 20 });
    const blocks = new HeaderBlocks();
    return steps.every(({ fields, tableBytes }) => {
      if (tableBytes !== undefined) encoder.allowTableBytes(tableBytes);
      const block = encoder.encode([...REQUEST, ...fields]);
      const expected: HeaderField[] = [];
      plain.decode(block, 0, block.length, expected);
      const decoded = blocks.begin(FLAG.endHeaders, 1, block, 0, block.length);
      return isSame(decoded?.head?.fields, expected);
    });
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000 }));
  t.end();
});
