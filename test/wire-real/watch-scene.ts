/** Every field of Watch's messages, given values that show. */
import type { Test } from "tap";
import { messages as m } from "../../src/wire/index.ts";
import type { Api } from "./api.ts";
import type { ExchangeStream } from "./exchange.ts";

type WatchStream = ExchangeStream<m.WatchRequestInit, m.WatchResponse>;

const bytes = (text: string): Buffer => Buffer.from(text);

/** Three of them make one revision's events larger than etcd puts into one message. */
const LARGE_BYTES = 700 * 1024;

export async function watchScene(t: Test, etcd: Api): Promise<void> {
  const stream = etcd.watch();
  await createScene(t, etcd, stream);
  await historyScene(t, etcd, stream);
  await fragmentScene(t, etcd, stream);
  stream.cancel();
}

async function createScene(t: Test, etcd: Api, stream: WatchStream): Promise<void> {
  const { header } = await etcd.kv.put({ key: bytes("w/a"), value: bytes("1") });
  const revision = header?.revision ?? 0;
  stream.send({
    createRequest: {
      key: bytes("w/"),
      rangeEnd: bytes("w0"),
      startRevision: revision,
      filters: [m.FilterType.nodelete],
      prevKv: true,
      watchId: 77,
      fragment: true,
    },
  });
  t.match(await stream.next(), { watchId: 77, created: true });
  t.match(await stream.next(), {
    watchId: 77,
    events: [{ type: 0, kv: { modRevision: revision } }],
  });
  await etcd.kv.deleteRange({ key: bytes("w/a") });
  await etcd.kv.put({ key: bytes("w/b"), value: bytes("1") });
  await etcd.kv.put({ key: bytes("w/b"), value: bytes("2") });
  t.match(await stream.next(), { events: [{ kv: { modRevision: revision + 2 } }] }, "no deletion");
  const [change] = (await stream.next())?.events ?? [];
  t.match(change?.prevKv, { modRevision: revision + 2 });
  stream.send({ progressRequest: {} });
  t.match(await stream.next(), { watchId: -1, header: { revision: revision + 3 } });
  stream.send({ cancelRequest: { watchId: 77 } });
  t.match(await stream.next(), { watchId: 77, canceled: true });
}

async function historyScene(t: Test, etcd: Api, stream: WatchStream): Promise<void> {
  const { header } = await etcd.kv.deleteRange({ key: bytes("w/b") });
  const revision = header?.revision ?? 0;
  const filters = [m.FilterType.noput];
  const from = { key: bytes("w/b"), startRevision: revision - 1 };
  stream.send({ createRequest: { ...from, filters, progressNotify: true, watchId: 1 } });
  t.match(await stream.next(), { watchId: 1, created: true });
  const [deletion] = (await stream.next())?.events ?? [];
  t.match(deletion, { type: m.EventType.delete, kv: { modRevision: revision, version: 0 } });
  // The interval of this server is the shortest that there is.
  t.match(await stream.next(), { watchId: 1, events: [], header: { revision } }, "progress_notify");
  stream.send({ cancelRequest: { watchId: 1 } });
  for (let answer = await stream.next(); answer?.canceled === false;) answer = await stream.next();

  stream.send({ createRequest: { key: bytes("w"), startRevision: -1 } });
  const refused = await stream.next();
  t.match(refused, { watchId: -1, created: true, canceled: true });
  t.equal(refused?.cancelReason, "etcdserver: mvcc: required revision has been compacted");
  await etcd.kv.compact({ revision, physical: true });
  stream.send({ createRequest: { key: bytes("w"), startRevision: 1, watchId: 2 } });
  t.match(await stream.next(), { watchId: 2, created: true });
  t.match(await stream.next(), { watchId: 2, canceled: true, compactRevision: revision });
  stream.send({ cancelRequest: { watchId: 2 } });
  t.match(await stream.next(), { watchId: 2, canceled: true });
}

async function fragmentScene(t: Test, etcd: Api, stream: WatchStream): Promise<void> {
  const range = { key: bytes("large/"), rangeEnd: bytes("large0") };
  for (const key of ["large/1", "large/2", "large/3"]) {
    await etcd.kv.put({ key: bytes(key), value: Buffer.alloc(LARGE_BYTES, key) });
  }
  stream.send({ createRequest: { ...range, prevKv: true, fragment: true, watchId: 3 } });
  t.match(await stream.next(), { watchId: 3, created: true });
  await etcd.kv.deleteRange(range);
  const first = await stream.next();
  const second = await stream.next();
  t.match([first, second], [{ fragment: true }, { fragment: false }]);
  t.equal((first?.events.length ?? 0) + (second?.events.length ?? 0), 3);
}
