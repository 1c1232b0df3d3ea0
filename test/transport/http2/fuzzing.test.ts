/**
 * Conversations of well-kept clients, changed at random: no crash, no hang, nothing left behind,
 * nothing said that breaks the rules, and a neighbour on the same server is served all along.
 */
import type { Duplex } from "node:stream";
import t from "tap";
import type { Test } from "tap";
import { reachableHeapBytes } from "../../harness/heap.ts";
import type { Random } from "../../harness/random-operations.ts";
import { FLAG, FRAME, frameOf } from "../../../src/transport/http2/frames.ts";
import {
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  LAST_WORDS_MS,
} from "../../../src/transport/http2/limits.ts";
import { HpackEncoder } from "../../../src/transport/http2/hpack-encoder.ts";
import { Arena } from "../fuzz/arena.ts";
import { fuzzTest, soon, turn } from "../fuzz/budget.ts";
import { conversations } from "../fuzz/conversations.ts";
import { mutated } from "../fuzz/mutations.ts";
import { OutputCheck } from "../fuzz/output-check.ts";
import { prefixed } from "./raw-client.ts";

/** Far above those of the conversations, and of what becomes of them. */
const LAST_STREAM_ID = 2 ** 30 + 1;

/** A call that everybody who is still listened to gets an answer to. */
function epilogue(): Buffer {
  const wide = Buffer.from([0x10, 0, 0, 0]);
  const block = new HpackEncoder(0).encode([
    { name: ":method", value: "POST" },
    { name: ":scheme", value: "http" },
    { name: ":path", value: "/etcdserverpb.KV/Put" },
    { name: ":authority", value: "localhost" },
    { name: "content-type", value: "application/grpc" },
  ]);
  const headers = { type: FRAME.headers, flags: FLAG.endHeaders, streamId: LAST_STREAM_ID };
  const data = { type: FRAME.data, flags: FLAG.endStream, streamId: LAST_STREAM_ID };
  return Buffer.concat([
    frameOf({ type: FRAME.windowUpdate, flags: 0, streamId: 0 }, wide),
    frameOf(headers, block),
    frameOf({ type: FRAME.windowUpdate, flags: 0, streamId: LAST_STREAM_ID }, wide),
    frameOf(data, prefixed(Buffer.from("the last"))),
  ]);
}

/** One client gone wrong; what was wrong with the server. */
async function round(arena: Arena, sources: Sources, random: Random): Promise<string | undefined> {
  const { chunks, isAligned } = mutated(sources, random);
  const client = arena.connect();
  const check = new OutputCheck();
  let isClosed = false;
  client.on("error", () => undefined);
  client.once("close", () => (isClosed = true));
  client.on("data", (chunk: Buffer) => check.add(chunk));
  if (random.percent(20)) client.pause();
  for (const chunk of chunks) {
    if (client.writable) client.write(chunk);
    if (random.percent(5)) await turn();
  }
  client.resume();
  for (let count = random.below(5); count > 0; count--) await turn();
  if (check.isWindowExceeded(Buffer.concat(chunks))) return "more than the window";
  if (isAligned && client.writable) client.write(epilogue());
  if (isAligned && !(await soon(() => isClosed || check.hasEnded(LAST_STREAM_ID)))) {
    return "no answer to a call behind all others";
  }
  await turn();
  const problems = check.problems();
  if (problems.length > 0) return problems.join(", ");
  await leave(arena, client, random);
  if (!(await soon(() => isClosed && arena.openSockets === 0))) return "the connection stays open";
  if (!(await soon(() => arena.openStreams === 0))) return "a stream stays open";
  return undefined;
}

type Sources = Awaited<ReturnType<typeof conversations>>;

/** The ways in which clients go: suddenly, by closing their side, or by falling silent. */
async function leave(arena: Arena, client: Duplex, random: Random): Promise<void> {
  const way = random.below(40);
  if (way === 0) {
    // Both are silent from now on. The neighbour answers the server's ping.
    await arena.isNeighbourServed();
    arena.clock.advance(KEEPALIVE_INTERVAL_MS);
    for (let count = 0; count < 5; count++) await turn();
    arena.clock.advance(KEEPALIVE_TIMEOUT_MS + LAST_WORDS_MS);
  } else if (way < 10) client.end();
  else client.destroy();
}

void fuzzTest(t, "GrpcServer outlives conversations gone wrong", async (t, budget) => {
  const { random } = budget;
  const sources = await conversations();
  const arena = new Arena(t);
  t.teardown(() => arena.close());
  let rounds = 0;
  let countedFrom = { rounds: 0, bytes: 0 };
  for (; budget.isLeft(); rounds++) {
    const problem = await round(arena, sources, random);
    if (problem !== undefined) {
      t.fail(`round ${rounds}: ${problem}`);
      break;
    }
    if (rounds % 10 === 0 && !(await arena.isNeighbourServed())) t.fail(`neighbour, ${rounds}`);
    if (arena.bugs.length > 0) break;
    // When all code has run and all caches are full.
    if (countedFrom.rounds === 0 && budget.isPast(0.4)) {
      countedFrom = { rounds, bytes: reachableHeapBytes() };
    }
  }
  t.same(arena.bugs, []);
  t.ok(await arena.isNeighbourServed());
  const grown = reachableHeapBytes() - countedFrom.bytes;
  const more = rounds - countedFrom.rounds;
  t.ok(grown < 3_000_000 + 1000 * more, `${grown} bytes more after ${more} connections`);
  await checkEmpty(t, arena);
  t.ok(rounds > 10, `${rounds} connections`);
});

/** When all are gone, so is what they had. */
async function checkEmpty(t: Test, arena: Arena): Promise<void> {
  await arena.close();
  t.ok(await soon(() => arena.openSockets === 0));
  t.equal(arena.openStreams, 0);
  t.equal(arena.clock.timerCount, 0, "no timer is left");
}

void fuzzTest(t, "GrpcServer outlives them over sockets of the system too", async (t, budget) => {
  const { random } = budget;
  const sources = await conversations();
  const arena = new Arena(t);
  t.teardown(() => arena.close());
  let rounds = 0;
  // A socket takes far longer than memory, and shows little else.
  for (; rounds < 10 || !budget.isPast(0.3); rounds++) {
    const client = await arena.connectTcp();
    const { chunks } = mutated(sources, random);
    const isClosed = new Promise((resolve) => void client.once("close", resolve));
    client.on("error", () => undefined).resume();
    for (const chunk of chunks.length > 50 ? [Buffer.concat(chunks)] : chunks) client.write(chunk);
    if (random.percent(50)) client.end();
    else client.destroy();
    await isClosed;
    if (rounds % 10 === 0 && !(await arena.isNeighbourServed())) t.fail(`neighbour, ${rounds}`);
  }
  t.same(arena.bugs, []);
  t.ok(await soon(() => arena.openSockets <= 1 && arena.openStreams === 0, 10_000));
  await checkEmpty(t, arena);
  t.ok(rounds > 3, `${rounds} connections`);
});
