/** The header of answers: who answered, and at which revision. */
import { createHash } from "node:crypto";
import type { UnaryRequest } from "../../src/client/index.ts";
import type { messages, UnaryMethod } from "../../src/wire/index.ts";
import { bytes, currentRevision, revisionOf } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

type Answer = { readonly header: messages.ResponseHeader | undefined };

/** First eight bytes of a SHA-1, as the ids of members and clusters are made. */
function idOf(data: Uint8Array): bigint {
  return createHash("sha1").update(data).digest().readBigUInt64BE(0);
}

/** The headers of several calls, by the name of the call. */
async function headersOf(
  { client }: Pick<Scene, "client">,
  calls: { readonly [Method in UnaryMethod]?: UnaryRequest<Method> },
): Promise<Map<string, messages.ResponseHeader | undefined>> {
  const found = new Map<string, messages.ResponseHeader | undefined>();
  for (const [method, request] of Object.entries(calls)) {
    // Object.entries() forgets which method goes with which request; the type above knows.
    const answer: Answer = await client.unary(method as "range", request as UnaryRequest<"range">);
    found.set(method, answer.header);
  }
  return found;
}

export const headerTests: SuiteTests = {
  "A new store is at revision 1, and its first write at 2": async ({ t, fresh }) => {
    const { client } = await fresh();
    t.equal(await currentRevision(client), 1);
    t.equal(revisionOf(await client.kv.put("a", "1")), 2);
    t.equal(revisionOf(await client.kv.get("a")), 2);
  },

  "Every answer about keys, leases and the server has the same whole header": async (scene) => {
    const { t, client, prefix } = scene;
    const { header } = await client.kv.put(`${prefix}a`, "1");
    const { id } = await client.lease.grant(60);
    const key = bytes(`${prefix}a`);
    const headers = await headersOf(scene, {
      range: { key },
      deleteRange: { key: bytes(`${prefix}none`) },
      txn: {},
      leaseTimeToLive: { id },
      leaseLeases: {},
      leaseRevoke: { id },
      alarm: {},
      status: {},
      hash: {},
      hashKV: {},
      authStatus: {},
    });
    t.ok(header?.memberId && header.clusterId, "with ids");
    for (const [method, found] of headers) {
      t.strictSame(found, header, method);
    }
  },

  "Answers about members have revision 0": async (scene) => {
    const { t, client } = scene;
    const whole = (await client.kv.get("none")).header;
    const headers = await headersOf(scene, {
      memberList: {},
    });
    for (const [method, found] of headers) {
      t.strictSame(found, { ...whole, revision: 0 }, method);
    }
  },

  "The ids are made of the peer URLs and the cluster's token": async ({ t, client }) => {
    const { header, members } = await client.cluster.memberList();
    const memberId = idOf(Buffer.from(`${members[0]?.peerUrls.join("") ?? ""}etcd-cluster`));
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(memberId);
    t.equal(header?.memberId, memberId);
    t.equal(header?.clusterId, idOf(eight));
  },
};

export const restartTests: SuiteTests = {
  "A restart keeps keys, history, and the revision": async ({ t, fresh }) => {
    const own = await fresh();
    const first = revisionOf(await own.client.kv.put("a", "1"));
    await own.client.kv.put("a", "2");
    await own.client.kv.put("b", "1");
    await own.client.kv.delete("b");
    const before = await own.client.kv.get("a", { fromKey: true });
    const hash = await own.client.maintenance.hashKV();
    await own.restart();
    const { client } = own;
    const after = await client.kv.get("a", { fromKey: true });
    t.strictSame(after.kvs, before.kvs);
    t.equal(revisionOf(after), revisionOf(before));
    t.equal((await client.kv.get("a", { revision: first })).kvs[0]?.value.toString(), "1");
    t.equal((await client.maintenance.hashKV()).hash, hash.hash);
    t.equal(revisionOf(await client.kv.put("c", "1")), revisionOf(before) + 1);
    const watch = client.watch("a", { startRevision: first });
    const { value } = await watch.next();
    t.equal(value?.events[0]?.kv.modRevision, first, "watches resume");
    watch.cancel();
  },

  "A restart keeps the ids, and the term grows by one": async ({ t, fresh }) => {
    const own = await fresh();
    const before = await own.client.maintenance.status();
    t.equal(before.raftTerm, 2, "of a new member");
    await own.restart();
    const after = await own.client.maintenance.status();
    t.strictSame(
      [after.header?.memberId, after.header?.clusterId],
      [before.header?.memberId, before.header?.clusterId],
    );
    t.equal(after.raftTerm, 3);
    t.ok(after.raftIndex >= before.raftIndex, "the index does not go back");
    await own.restart();
    t.equal((await own.client.maintenance.status()).raftTerm, 4);
  },
};
