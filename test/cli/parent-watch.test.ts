import { EventEmitter, once } from "node:events";
import t from "tap";
import { watchParent } from "../../src/cli/parent-watch.ts";

t.test("watchParent() tells once that the parent is another", async (t) => {
  const events = new EventEmitter();
  const parents = [7, 7, 1, 1, 1];
  const stop = watchParent({
    parent: 7,
    current: () => parents.shift() ?? 1,
    onGone: () => events.emit("gone"),
  });
  // The watch keeps no process alive, and so neither this one.
  const alive = setInterval(() => undefined, 1_000);
  await once(events, "gone");
  clearInterval(alive);
  t.same(parents, [1, 1], "nobody looks any more");
  stop();
});

t.test("watchParent() notices a parent that went before", async (t) => {
  const alive = setInterval(() => undefined, 1_000);
  await new Promise<void>((resolve) => {
    watchParent({ parent: 7, current: () => 1, onGone: resolve });
  });
  clearInterval(alive);
  t.pass();
});

t.test("watchParent() can be ended", async (t) => {
  let looks = 0;
  watchParent({ parent: 7, current: () => ++looks, onGone: () => t.fail("it was ended") })();
  const alive = setInterval(() => undefined, 1_000);
  // One that began later has looked: the first one would have, too.
  await new Promise<void>((resolve) => {
    watchParent({ parent: 7, current: () => 1, onGone: resolve });
  });
  clearInterval(alive);
  t.equal(looks, 0);
});
