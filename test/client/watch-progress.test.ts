import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { WatchProgress } from "../../src/client/watch-progress.ts";
import { messages } from "../../src/wire/index.ts";

/** Events of revisions, so many of each, as one answer or a part of one. */
function answer(revisions: readonly number[], fragment = false): messages.WatchResponse {
  const events = revisions.map((modRevision) => ({ kv: { modRevision } }));
  return messages.decodeWatchResponse(messages.encodeWatchResponse({ events, fragment }));
}

function empty(revision: number, created = false): messages.WatchResponse {
  const response = { header: { revision }, created };
  return messages.decodeWatchResponse(messages.encodeWatchResponse(response));
}

t.test(
  "WatchProgress begins with the revision after the making, or the one asked for",
  async (t) => {
    const now = new WatchProgress(0);
    now.created(empty(7, true));
    t.equal(now.resume(), 8);
    const future = new WatchProgress(20);
    future.created(empty(7, true));
    t.equal(future.resume(), 20);
    t.ok(future.fresh(empty(9)));
    t.equal(future.resume(), 20, "progress before its beginning is none");
    t.ok(future.fresh(empty(25)));
    t.equal(future.resume(), 26);
    t.equal(now.fresh(empty(30, true)), undefined, "a stream opened again has nothing to tell");
    t.equal(now.resume(), 8);
  },
);

t.test("WatchProgress goes on after the last event, not after the header", async (t) => {
  const progress = new WatchProgress(1);
  t.ok(progress.fresh(answer([4, 5, 5])));
  t.equal(progress.resume(), 6);
});

t.test("WatchProgress: each event is told once, wherever fragments and streams end", async () => {
  const history = fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
    .map((counts) => counts.flatMap((count, index) => Array<number>(count).fill(index + 1)));
  const property = fc.property(history, fc.infiniteStream(fc.nat(6)), (all, choices) => {
    const choose = (): number => choices.next().value;
    const progress = new WatchProgress(1);
    const told: number[] = [];
    while (told.length < all.length) {
      const from = progress.resume();
      const rest = all.slice(all.indexOf(from));
      // A stream: fragments until the answer is whole, or the connection lost.
      for (let start = 0; start < rest.length;) {
        const end = Math.min(rest.length, start + 1 + choose());
        const fresh = progress.fresh(answer(rest.slice(start, end), end < rest.length));
        told.push(...(fresh?.events ?? []).map((event) => event.kv!.modRevision));
        start = end;
        if (choose() === 0) break;
      }
    }
    assert.deepEqual(told, all);
  });
  fc.assert(property);
});
