import t from "tap";
import { META } from "../../src/mvcc/index.ts";
import type { Store } from "../../src/mvcc/index.ts";
import { decodeNumber } from "../../src/mvcc/tables.ts";
import { Alarms } from "../../src/server/alarms.ts";
import type { ApplyState } from "../../src/server/apply.ts";
import type { Command } from "../../src/server/command.ts";
import { CommitQueue } from "../../src/server/commit-queue.ts";
import { Figures } from "../../src/server/figures.ts";
import { QUEUE_LIMITS } from "../../src/server/limits.ts";
import { Member } from "../../src/server/member.ts";
import { Patience } from "../../src/server/patience.ts";
import { reserveIndexes } from "../../src/server/reserved-index.ts";
import { SlowCalls } from "../../src/server/slow-calls.ts";
import { MemoryEngine, StorageError } from "../../src/storage/index.ts";
import { EtcdError, SILENT_LOGGER, STATUS, latin1, messages } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { openStore } from "../harness/store-fixture.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { authStore, bytes, refuses } from "./server-fixture.ts";

const IDENTITY = { memberId: 1n, clusterId: 2n, term: 2 };

interface Parts {
  readonly engine: FaultyEngine;
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly clock: VirtualClock;
  readonly state: ApplyState;
}

function options(clock: VirtualClock) {
  return {
    logger: SILENT_LOGGER,
    figures: new Figures(clock),
    patience: new Patience(clock, 7_000),
    slow: new SlowCalls(clock, SILENT_LOGGER, { applyMs: 100, unaryMs: 300 }),
  };
}

async function makeQueue(engine = new FaultyEngine(), valueBytesMax = 1_000_000): Promise<Parts> {
  const clock = new VirtualClock();
  const store = await openStore(engine, { valueBytesMax });
  const member = new Member(IDENTITY, { name: "", peerUrls: [], clientUrls: [] });
  const state = { member, alarms: new Alarms([]), lessor: store.lessor, auth: authStore() };
  return { engine, store, clock, state, queue: new CommitQueue(store, state, options(clock)) };
}

/** As a promise, which an answer of the queue is only when it is awaited. */
async function submit(queue: CommitQueue, command: Command, bytes = 0): Promise<Uint8Array> {
  return queue.submit(command, bytes);
}

function put(key: string, fields: messages.PutRequestInit = {}): Command {
  const request = messages.encodePutRequest({ key: bytes(key), ...fields });
  return { type: "put", request: messages.decodePutRequest(request) };
}

function revisionOf(response: Uint8Array): number | undefined {
  return messages.decodePutResponse(response).header?.revision;
}

t.test("CommitQueue writes all that come while the disk is busy in one batch", async (t) => {
  const { engine, queue, store } = await makeQueue();
  engine.holdWrites();
  const first = submit(queue, put("first"));
  await engine.heldWrite();
  const others = Array.from({ length: 100 }, (_, index) => submit(queue, put(`k${String(index)}`)));
  t.equal(queue.waitingCount, 100);
  engine.releaseWrites();
  const revisions = (await Promise.all([first, ...others])).map(revisionOf);
  t.same(
    revisions,
    revisions.map((_, index) => index + 2),
    "answered in the order in which they came",
  );
  t.equal(engine.writeCount, 2);
  await store.checkConsistency();
});

t.test("CommitQueue writes all that come in one turn of the event loop in one batch", async (t) => {
  const { engine, queue } = await makeQueue();
  await Promise.all([submit(queue, put("a")), submit(queue, put("b")), submit(queue, put("c"))]);
  t.equal(engine.writeCount, 1);
});

t.test("CommitQueue answers when everything is visible, watchers first", async (t) => {
  const { queue, store } = await makeQueue();
  const seen: string[] = [];
  store.watchers.watch({
    range: { begin: "", end: undefined, single: false },
    startRevision: 0,
    noPut: false,
    noDelete: false,
    previous: false,
    sink: {
      outlet: { writable: true },
      events: (blocks) => {
        const { events } = messages.decodeWatchResponse(Buffer.concat(blocks));
        for (const { kv } of events) seen.push(`event ${latin1(kv!.key)}`);
        t.equal(store.visibleRevision, 3, "a group becomes visible whole");
      },
      compacted: () => undefined,
      failed: () => undefined,
    },
  });
  const answers = ["a", "b"].map((key) =>
    submit(queue, put(key)).then(() => seen.push(`answer ${key}`)),
  );
  await Promise.all(answers);
  t.same(seen, ["event a", "event b", "answer a", "answer b"]);
});

t.test("CommitQueue takes no more commands than its limit, and goes on after it", async (t) => {
  const { engine, queue } = await makeQueue();
  engine.holdWrites();
  const first = submit(queue, put("first"));
  await engine.heldWrite();
  const waiting: Promise<unknown>[] = [];
  const command = put("k");
  for (let index = 0; index < QUEUE_LIMITS.waitingCommandsMax; index++) {
    waiting.push(submit(queue, command));
  }
  await refuses(submit(queue, put("one too many")), "tooManyRequests");
  t.equal(queue.waitingCount, QUEUE_LIMITS.waitingCommandsMax);
  engine.releaseWrites();
  await Promise.all([first, ...waiting]);
  const groups = Math.ceil(QUEUE_LIMITS.waitingCommandsMax / QUEUE_LIMITS.groupCommandsMax);
  t.equal(engine.writeCount, 1 + groups, "groups have a limit too");
  await t.resolves(submit(queue, put("again")));
});

t.test("CommitQueue takes no more bytes than its limit", async (t) => {
  const { engine, queue } = await makeQueue();
  engine.holdWrites();
  const first = submit(queue, put("first"), QUEUE_LIMITS.waitingBytesMax);
  await engine.heldWrite();
  const half = QUEUE_LIMITS.waitingBytesMax / 2;
  const waiting = [submit(queue, put("a"), half), submit(queue, put("b"), half)];
  await refuses(submit(queue, put("c"), 1), "tooManyRequests");
  engine.releaseWrites();
  await Promise.all([first, ...waiting]);
  t.equal(engine.writeCount, 3, "each fills a group");
  await t.resolves(submit(queue, put("c"), half));
});

t.test("CommitQueue after a failed write refuses everything with the cause", async (t) => {
  const { engine, queue, store } = await makeQueue();
  engine.holdWrites();
  engine.failWrite({ write: 1 });
  const group = Promise.allSettled([
    submit(queue, put("a")),
    submit(queue, put("b", { lease: 9n })),
  ]);
  await engine.heldWrite();
  const inLine = Promise.allSettled([submit(queue, put("c"))]);
  engine.releaseWrites();
  const results = [...(await group), ...(await inLine)];
  for (const result of results) {
    t.match(result, { status: "rejected", reason: { code: 14, message: /Cannot write/ } });
  }
  t.equal(store.visibleRevision, 1);
  t.equal(queue.waitingCount, 0);
  await t.rejects(submit(queue, put("d")), { code: 14, cause: { name: "StorageError" } });
  t.equal(engine.writeCount, 1, "nobody tried again");
  await queue.close();
  await t.rejects(submit(queue, put("e")), { message: /Cannot write/ }, "the cause stays");
});

t.test("CommitQueue applies what comes while the disk is busy, and shows none of it", async (t) => {
  const { engine, queue, store } = await makeQueue();
  engine.holdWrites();
  const first = submit(queue, put("k"));
  await engine.heldWrite();
  const second = submit(queue, put("k", { prevKv: true }));
  await settle();
  t.equal(store.keyCount, 1);
  t.equal(store.visibleRevision, 1, "nothing is visible yet");
  t.equal(queue.waitingCount, 1);
  const reading = Promise.resolve(queue.read(() => store.visibleRevision));
  const third = submit(queue, put("later"));
  await settle();
  t.equal(store.keyCount, 1, "nothing more is applied before the reading");
  engine.releaseWrites();
  t.equal(revisionOf(await first), 2);
  const response = messages.decodePutResponse(await second);
  t.equal(response.header?.revision, 3);
  t.equal(response.prevKv?.modRevision, 2, "what was applied last stands on the group under way");
  t.equal(await reading, 3, "a reading waits for all that is applied, and for no more");
  t.equal(revisionOf(await third), 4);
  await store.checkConsistency();
});

t.test("CommitQueue whose write fails refuses what is applied on top of it", async (t) => {
  const { engine, queue, store } = await makeQueue();
  engine.holdWrites();
  engine.failWrite({ write: 1 });
  const calls = [submit(queue, put("a"))];
  await engine.heldWrite();
  calls.push(submit(queue, put("b")));
  await settle();
  t.equal(store.keyCount, 2, "applied");
  calls.push(submit(queue, put("c")));
  const outcomes = Promise.allSettled(calls);
  engine.releaseWrites();
  for (const outcome of await outcomes) {
    t.match(outcome, { status: "rejected", reason: { code: 14, message: /Cannot write/ } });
  }
  t.equal(store.visibleRevision, 1);
  t.equal(engine.writeCount, 1);
  t.equal(queue.waitingCount, 0);
});

t.test("CommitQueue ends when a command could be half done", async (t) => {
  const inner = new MemoryEngine();
  const engine = new FaultyEngine(inner);
  const { queue } = await makeQueue(engine, 0);
  await submit(queue, put("k", { value: bytes("v") }));
  inner.getSync = () => {
    throw new StorageError("read-failed", "Cannot read: told to fail");
  };
  const results = await Promise.allSettled([
    submit(queue, put("a")),
    submit(queue, put("k", { prevKv: true })),
  ]);
  for (const result of results) {
    t.match(result, { status: "rejected", reason: { code: 14, message: /Cannot read/ } });
  }
  t.match(queue.failure, { code: 14 });
});

t.test("CommitQueue.close() waits for those in line and takes no more", async (t) => {
  const { engine, queue } = await makeQueue();
  engine.holdWrites();
  const calls = [submit(queue, put("a"))];
  await engine.heldWrite();
  calls.push(submit(queue, put("b")));
  let closed = false;
  const closing = queue.close().then(() => {
    closed = true;
  });
  await refuses(submit(queue, put("c")), "stopped");
  await settle();
  t.equal(closed, false);
  engine.releaseWrites();
  await Promise.all(calls);
  await closing;
  t.equal(engine.writeCount, 2);
});

t.test("CommitQueue.read() reads at once, or between two groups", async (t) => {
  const { engine, queue, store } = await makeQueue();
  t.equal(
    queue.read(() => store.visibleRevision),
    1,
  );
  engine.holdWrites();
  const first = submit(queue, put("a"));
  await engine.heldWrite();
  const second = submit(queue, put("b"));
  const reading = queue.read(() => store.visibleRevision);
  t.ok(reading instanceof Promise);
  engine.releaseOneWrite();
  t.equal(await reading, 2);
  await engine.heldWrite();
  const failing = queue.read(() => {
    throw new Error("broken reader");
  });
  engine.releaseWrites();
  await t.rejects(async () => failing, { message: "broken reader" });
  await Promise.all([first, second]);
  await t.resolves(submit(queue, put("c")), "a reader's error is its own");
});

t.test("CommitQueue.read() throws after a failed write, and so do those who waited", async (t) => {
  const { engine, queue } = await makeQueue();
  engine.holdWrites();
  engine.failWrite({ write: 1 });
  const call = submit(queue, put("a"));
  const failed = t.rejects(call);
  await engine.heldWrite();
  const reading = queue.read(() => "seen");
  engine.releaseWrites();
  await t.rejects(async () => reading, { code: 14 });
  await failed;
  t.throws(() => queue.read(() => "seen"), { code: 14 });
});

t.test("CommitQueue.appliedIndex grows with every command, refused ones too", async (t) => {
  const { queue } = await makeQueue();
  t.equal(queue.appliedIndex, 0);
  await submit(queue, put("a"));
  await refuses(submit(queue, put("b", { lease: 5n })), "leaseNotFound");
  t.equal(queue.appliedIndex, 2);
});

t.test("CommitQueue writes nothing of indexes that were reserved at the start", async (t) => {
  const { engine, store } = await makeQueue();
  const txn = store.begin();
  const reservedIndex = reserveIndexes(txn, store.identity.reservedIndex);
  await txn.commit();
  const before = engine.getSync(META.reservedIndex);
  const member = new Member(IDENTITY, { name: "", peerUrls: [], clientUrls: [] });
  const state = { member, alarms: new Alarms([]), lessor: store.lessor, auth: authStore() };
  const queue = new CommitQueue(store, state, { ...options(new VirtualClock()), reservedIndex });
  await submit(queue, put("k"));
  t.equal(queue.appliedIndex, 1);
  t.same(engine.getSync(META.reservedIndex), before);
  t.equal(decodeNumber(before), reservedIndex);
});

t.test("CommitQueue.appliedIndex does not go back at a restart", async (t) => {
  for (const command of [put("a"), put("refused", { lease: 5n })]) {
    const engine = new FaultyEngine();
    const first = await makeQueue(engine);
    for (let index = 0; index < 30; index++)
      await submit(first.queue, command).catch(() => undefined);
    t.equal(first.queue.appliedIndex, 30);
    const crashed = await engine.crash();
    const again = await makeQueue(crashed);
    t.ok(again.queue.appliedIndex >= 30, `${command.type}: ${String(again.queue.appliedIndex)}`);
  }
});

t.test("CommitQueue.appliedIndex is not ahead of the disk", async (t) => {
  const engine = new FaultyEngine();
  const { queue } = await makeQueue(engine);
  engine.holdWrites();
  const call = submit(queue, put("a"));
  await engine.heldWrite();
  t.equal(queue.appliedIndex, 0);
  engine.releaseWrites();
  await call;
  t.equal(queue.appliedIndex, 1);
});

t.test("CommitQueue outlives an answer that cannot be made", async (t) => {
  const { queue, store, state } = await makeQueue();
  const { headers } = state.member;
  const tooLong = new EtcdError(STATUS.resourceExhausted, "too long");
  Object.defineProperty(state.member, "headers", {
    value: {
      at: (revision: number) => {
        if (revision === 2) throw tooLong;
        return headers.at(revision);
      },
    },
  });
  const calls = [submit(queue, put("a")), submit(queue, put("b"))];
  await t.rejects(calls[0]!, tooLong);
  t.equal(revisionOf(await calls[1]!), 3, "its neighbour in the group is answered");
  t.equal(store.visibleRevision, 3, "it was applied, as in etcd");
  await store.checkConsistency();
});
