import t from "tap";
import { withProfiles } from "../../src/embed/profiles.ts";
import type { HttpPages, HttpReply } from "../../src/wire/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const OTHERS: HttpPages = { page: ({ path }) => ({ status: 404, headers: {}, body: path }) };

function make(): {
  clock: VirtualClock;
  get: (url: string) => Promise<HttpReply & { body: string }>;
} {
  const clock = new VirtualClock();
  const pages = withProfiles(OTHERS, clock);
  const get = async (url: string): Promise<HttpReply & { body: string }> => {
    const { pathname: path, searchParams: query } = new URL(url, "http://etcd");
    const reply = await pages.page({ method: "GET", path, query, fields: [] });
    return { ...reply, body: String(reply.body) };
  };
  return { clock, get };
}

/** Lets a profile's time pass once it has begun. */
async function finish<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const settled = work.finally(() => {
    isDone = true;
  });
  while (!isDone) await clock.advance(60_000);
  return settled;
}

function burn(): number {
  let sum = 0;
  for (let index = 0; index < 3e6; index++) sum += Math.sqrt(index);
  return sum;
}

t.test("/debug/pprof/profile tells where the time went", async (t) => {
  const { clock, get } = make();
  const asked = get("/debug/pprof/profile?seconds=5");
  await clock.advance(4_999);
  t.ok(burn() > 0);
  const { status, headers, body } = await finish(clock, asked);
  t.equal(status, 200);
  t.match(headers, { "Content-Disposition": /\.cpuprofile/ });
  const profile = JSON.parse(body) as { nodes: { callFrame: { functionName: string } }[] };
  t.ok(profile.nodes.some(({ callFrame }) => callFrame.functionName === "burn"));
});

t.test("/debug/pprof/heap tells what was allocated and is still there", async (t) => {
  const { clock, get } = make();
  const asked = get("/debug/pprof/heap");
  await clock.advance(29_999);
  const kept = Array.from({ length: 100_000 }, (_, index) => ({ index }));
  const { status, body } = await finish(clock, asked);
  t.equal(status, 200);
  const profile = JSON.parse(body) as { head: object; samples: { size: number }[] };
  t.ok(profile.samples.length > 0);
  t.equal(kept.length, 100_000);
});

t.test("There is one profile at a time", async (t) => {
  const { clock, get } = make();
  const first = get("/debug/pprof/profile?seconds=1");
  t.equal((await get("/debug/pprof/heap?seconds=1")).status, 500);
  t.equal((await finish(clock, first)).status, 200);
  t.equal((await finish(clock, get("/debug/pprof/heap?seconds=1"))).status, 200);
});

t.test("Profiles have a bound, an index, and nothing else's pages", async (t) => {
  const { get } = make();
  t.equal((await get("/debug/pprof/profile?seconds=301")).status, 400);
  t.equal((await get("/debug/pprof/profile?seconds=-1")).status, 400);
  t.match(await get("/debug/pprof/"), { status: 200, body: /heap\?seconds/ });
  t.match(await get("/debug/pprof/goroutine"), { status: 404, body: "Unknown profile\n" });
  t.match(await get("/health"), { status: 404, body: "/health" });
});
