import t from "tap";
import { Member, newIdentity, nextTerm } from "../../src/server/member.ts";
import { messages } from "../../src/wire/index.ts";

t.test("newIdentity() makes etcd's own ids of peer URLs and token", async (t) => {
  // Source: seen on etcd 3.7.3 with its defaults.
  const { memberId, clusterId } = newIdentity(["http://localhost:2380"], "etcd-cluster");
  t.equal(memberId.toString(16), "8e9e05c52164694d");
  t.equal(clusterId.toString(16), "cdf818194e3a8c32");
});

t.test("newIdentity() does not depend on the order of the URLs", async (t) => {
  const urls = ["http://a:1", "http://b:2"];
  t.same(newIdentity(urls, "x"), newIdentity(urls.toReversed(), "x"));
  t.notSame(newIdentity(urls, "x"), newIdentity(urls, "y"));
});

t.test("nextTerm() begins at 2 and grows by one", async (t) => {
  t.equal(nextTerm(0), 2);
  t.equal(nextTerm(2), 3);
});

t.test("Member makes the same header as a message and as bytes", async (t) => {
  const about = { name: "m", peerUrls: [], clientUrls: [] };
  const member = new Member({ memberId: 2n ** 64n - 1n, clusterId: 5n, term: 300 }, about);
  for (const revision of [0, 1, 2 ** 40]) {
    const encoded = messages.encodePutResponse({ header: member.header(revision) });
    t.same(Buffer.from(member.headers.at(revision)), Buffer.from(encoded));
  }
});
