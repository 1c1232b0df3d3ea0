/** A server with faults, and clients of it in the process and over a port. */
import type { Test } from "tap";
import type { Client } from "../../src/client/index.ts";
import { Etcd, connect } from "../../src/embed/index.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import { Faults, VirtualClock } from "../../src/testing/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import type { ErrorReason } from "../../src/wire/index.ts";

export const ANY_PORT = "http://127.0.0.1:0";

/** What a test has. */
export interface FaultScene {
  readonly etcd: Etcd;
  readonly faults: Faults;
  readonly clock: VirtualClock;
  readonly client: Client;
}

/** Runs a body with a client in the process, and with one that dials a port. */
export function onBoth(
  t: Test,
  name: string,
  body: (t: Test, scene: FaultScene) => Promise<void>,
  options: EtcdOptions = {},
): void {
  for (const place of ["in process", "over a port"]) {
    void t.test(`${name} (${place})`, async (t) => {
      const clock = new VirtualClock();
      const faults = new Faults({ seed: 7 });
      const listenClientUrls = place === "in process" ? undefined : [ANY_PORT];
      const etcd = await Etcd.start({ ...options, clock, faults, listenClientUrls });
      t.teardown(() => etcd.stop());
      const client = place === "in process" ? etcd.client : await connect(etcd.clientUrls);
      if (client !== etcd.client) t.teardown(() => client.close());
      await body(t, { etcd, faults, clock, client });
    });
  }
}

/** Resolves when so many calls are held. */
export async function held(faults: Faults, count: number): Promise<void> {
  while (faults.heldCount < count) await new Promise((resolve) => setImmediate(resolve));
}

/** A refusal of etcd's, as a test expects it. */
export function refused(reason: ErrorReason): { code: number; message: string } {
  const { code, message } = new EtcdError(reason);
  return { code, message };
}
