import t from "tap";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { LEASE_EXTENSION_MS, startServer, withServer } from "./server-fixture.ts";
import type { Fixture } from "./server-fixture.ts";

const MINUTE_MS = 60_000;
const ON = { options: { leaseCheckpoint: true } };

/** Runs a body on a server, and a look at the leases on what a crash then leaves. */
async function afterCrash(
  given: object,
  body: (fixture: Fixture) => Promise<void>,
  look: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const engine = new FaultyEngine();
  const first = await startServer({ engine, ...given });
  await body(first);
  const crashed = await engine.crash();
  await first.server.close();
  await withServer(look, { engine: crashed, clock: new VirtualClock(), ...given });
}

async function ttlOf({ client }: Fixture, id: bigint): Promise<number> {
  return (await client.lease.timeToLive(id)).ttl;
}

async function grantAndWait({ client, clock }: Fixture): Promise<void> {
  await client.lease.grant(3600, { id: 1n });
  await client.lease.grant(240, { id: 2n });
  await clock.advance(12 * MINUTE_MS);
}

const EXTENSION_SECONDS = LEASE_EXTENSION_MS / 1000;

t.test("LeaseCheckpointer keeps what is left of a long lease over a restart", async (t) => {
  await afterCrash(ON, grantAndWait, async (fixture) => {
    t.equal(await ttlOf(fixture, 1n), 3000 + EXTENSION_SECONDS, "as of ten minutes");
    t.equal((await fixture.client.lease.timeToLive(1n)).grantedTtl, 3600);
  });
});

t.test("Without LeaseCheckpointer a lease has its whole time again", async (t) => {
  await afterCrash({}, grantAndWait, async (fixture) => {
    t.equal(await ttlOf(fixture, 1n), 3600 + EXTENSION_SECONDS);
  });
});

t.test("LeaseCheckpointer writes nothing for short and for fresh leases", async (t) => {
  await withServer(async ({ client, clock, engine }) => {
    await client.lease.grant(300, { id: 1n });
    const before = engine.writeCount;
    await clock.advance(5 * MINUTE_MS - 1);
    await client.lease.grant(3600, { id: 2n });
    await clock.advance(1);
    // The second grant, and the end of the first lease.
    t.ok(engine.writeCount <= before + 2, String(engine.writeCount - before));
  }, ON);
});

t.test("A lease that is kept alive forgets its checkpoint", async (t) => {
  const keepAlive = async (fixture: Fixture): Promise<void> => {
    await grantAndWait(fixture);
    t.equal((await fixture.client.lease.keepAliveOnce(1n)).ttl, 3600);
    t.equal(await ttlOf(fixture, 1n), 3600);
  };
  await afterCrash(ON, keepAlive, async (fixture) => {
    t.equal(await ttlOf(fixture, 1n), 3600 + EXTENSION_SECONDS);
  });
});

t.test("LeaseCheckpointer.close() leaves no timer", async (t) => {
  const { server, clock } = await startServer(ON);
  await clock.advance(6 * MINUTE_MS);
  await server.close();
  await settle();
  t.equal(clock.timerCount, 0);
});
