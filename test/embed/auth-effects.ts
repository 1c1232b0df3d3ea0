/** The effects of options about users: a part of options.test.ts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import type { Etcd, EtcdOptions } from "../../src/embed/index.ts";
import { recordKey } from "../../src/mvcc/index.ts";
import { LevelEngine } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { started } from "./embedded.ts";

/** Turns authentication on, and answers a token of root's. */
async function tokenOf({ client: { auth } }: Etcd): Promise<string> {
  await auth.userAdd("root", "secret");
  await auth.userGrantRole("root", "root");
  await auth.enable();
  return auth.authenticate("root", "secret");
}

/** A test for each of these options. */
export const AUTH_EFFECTS = {
  authToken: async (t) => {
    t.match(await tokenOf(await started(t)), /^[a-zA-Z]{16}\.\d+$/);
    const key = join(await tempDirectory(t), "key");
    writeFileSync(key, "a secret");
    const authToken = `jwt,sign-method=HS256,priv-key=${key}`;
    t.equal((await tokenOf(await started(t, { authToken }))).split(".").length, 3);
  },

  authTokenTtl: async (t) => {
    const clock = new VirtualClock(1_000_000);
    const etcd = await started(t, { clock, authTokenTtl: 7 });
    const client = new Client(etcd.channel, { metadata: { token: await tokenOf(etcd) } });
    await clock.advance(7_000);
    t.equal((await client.kv.get("k")).count, 0);
    await clock.advance(7_001);
    await t.rejects(client.kv.get("k"), { message: "etcdserver: invalid auth token" });
  },

  bcryptCost: async (t) => {
    const dataDir = await tempDirectory(t);
    const etcd = await started(t, { dataDir, bcryptCost: 5 });
    await etcd.client.auth.userAdd("ann", "secret");
    await etcd.stop();
    const engine = await LevelEngine.open({ directory: dataDir, sync: false });
    const row = engine.getSync(recordKey("authUser", Buffer.from("ann")));
    await engine.close();
    t.match(Buffer.from(row ?? []).toString("latin1"), /\$2a\$05\$/);
  },
} satisfies { readonly [Option in keyof EtcdOptions]?: (t: Test) => Promise<void> };
