/** The cluster of one member. */
import { STATUS } from "../../src/wire/index.ts";
import { refuses } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const NOT_FOUND = [STATUS.notFound, "etcdserver: member not found"] as const;
const BAD_URLS = [STATUS.invalidArgument, "etcdserver: given member URLs are invalid"] as const;
const URL_EXISTS = [STATUS.failedPrecondition, "etcdserver: Peer URLs already exists"] as const;
// A plain error on the server's side, hence unknown.
const NOT_ENOUGH = [
  STATUS.unknown,
  "etcdserver: re-configuration failed due to not enough started members",
] as const;
const NOT_LEARNER = [
  STATUS.failedPrecondition,
  "etcdserver: can only promote a learner member",
] as const;

export const clusterTests: SuiteTests = {
  "MemberList tells of the one member": async ({ t, client }) => {
    for (const linearizable of [true, false]) {
      const { header, members } = await client.cluster.memberList({ linearizable });
      t.equal(members.length, 1);
      t.equal(members[0]?.id, header?.memberId);
      t.equal(members[0]?.name, "default");
      t.strictSame(members[0]?.peerUrls, ["http://127.0.0.1:2380"]);
      t.equal(members[0]?.isLearner, false);
      t.equal(header?.revision, 0);
    }
  },

  "MemberAdd refuses what is no URL of a peer": async ({ t, client }) => {
    for (const urls of [
      [],
      ["garbage"],
      ["127.0.0.1:1"],
      ["http://127.0.0.1"],
      ["http://127.0.0.1:1/path"],
      ["ftp://127.0.0.1:1"],
      ["http://127.0.0.1:1", "x"],
    ]) {
      await refuses(t, client.cluster.memberAdd(urls), BAD_URLS, JSON.stringify(urls));
    }
  },

  "MemberAdd refuses the URL of a member": async ({ t, client }) => {
    const urls = ["http://127.0.0.1:2380"];
    await refuses(t, client.cluster.memberAdd(urls), URL_EXISTS);
    await refuses(t, client.cluster.memberAdd(urls, { learner: true }), URL_EXISTS);
  },

  "MemberAdd of a learner takes it in": async ({ t, target, fresh }) => {
    if (!target.differences.addsMembers) {
      t.pass("one member only, so far");
      return;
    }
    const { client } = await fresh();
    const urls = ["http://127.0.0.1:9"];
    const { member, members, header } = await client.cluster.memberAdd(urls, { learner: true });
    t.strictSame(member?.peerUrls, urls);
    t.strictSame([member?.name, member?.isLearner, header?.revision], ["", true, 0]);
    t.equal(members.length, 2);
    const more = client.cluster.memberAdd(["http://127.0.0.1:10"], { learner: true });
    await refuses(t, more, [
      STATUS.failedPrecondition,
      "etcdserver: too many learner members in cluster",
    ]);
  },

  "MemberRemove refuses an unknown member, and the only one": async ({ t, client }) => {
    await refuses(t, client.cluster.memberRemove(12_345n), NOT_FOUND);
    const { header } = await client.cluster.memberList();
    await refuses(t, client.cluster.memberRemove(header?.memberId ?? 0n), NOT_ENOUGH);
  },

  "MemberPromote refuses an unknown member, and one that is no learner": async (scene) => {
    const { t, client } = scene;
    await refuses(t, client.cluster.memberPromote(12_345n), NOT_FOUND);
    const { header } = await client.cluster.memberList();
    await refuses(t, client.cluster.memberPromote(header?.memberId ?? 0n), NOT_LEARNER);
  },

  "MemberUpdate refuses an unknown member": async ({ t, client }) => {
    await refuses(t, client.cluster.memberUpdate(12_345n, ["http://127.0.0.1:9"]), NOT_FOUND);
  },

  "MemberUpdate takes any URLs, and remembers them": async ({ t, fresh }) => {
    const own = await fresh();
    const { header } = await own.client.cluster.memberList();
    const memberId = header?.memberId ?? 0n;
    const urls = ["garbage", "http://127.0.0.1:9"];
    const { members } = await own.client.cluster.memberUpdate(memberId, urls);
    t.strictSame(members[0]?.peerUrls.toSorted(), urls);
    const updated = await own.client.cluster.memberUpdate(memberId, ["http://127.0.0.1:2380"]);
    t.equal(updated.header?.revision, 0);
    t.equal(updated.header?.memberId, memberId, "the id stays");
    t.strictSame((await own.client.cluster.memberList()).members[0]?.peerUrls, [
      "http://127.0.0.1:2380",
    ]);
  },
};
