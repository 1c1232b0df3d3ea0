/** Starting servers in tests of the embedding room: stopped, and their folders gone, with the test. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";

/** A port of this machine that the system chooses. */
export const ANY_PORT = "http://127.0.0.1:0";

/** Starts a server that is stopped with the test. */
export async function started(t: Test, options: EtcdOptions = {}): Promise<Etcd> {
  const etcd = await Etcd.start(options);
  t.teardown(() => etcd.stop());
  return etcd;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection, but the promise resolved");
}

/** Keeps a port of this machine taken until the test ends. */
export async function takenUrl(t: Test): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  // It listens, and not on a path.
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Whether nobody listens at a URL: by listening there. */
export async function isFree(url: string): Promise<boolean> {
  const server = createServer();
  const free = new Promise<boolean>((resolve) => {
    server.once("listening", () => resolve(true));
    server.once("error", () => resolve(false));
  });
  server.listen(Number(new URL(url).port), "127.0.0.1");
  const result = await free;
  if (result) await new Promise((resolve) => server.close(resolve));
  return result;
}

/** The header's revision of an answer. */
export function revisionOf(answer: {
  readonly header: { readonly revision: number } | undefined;
}): number {
  if (answer.header === undefined) throw new TypeError("Cannot read the revision: no header");
  return answer.header.revision;
}
