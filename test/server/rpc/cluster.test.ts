import t from "tap";
import { FaultyEngine } from "../../../src/testing/index.ts";
import { refuses, startServer, withServer } from "../server-fixture.ts";

t.test("MemberList has the one member, at revision 0", async (t) => {
  await withServer(async ({ client, server }) => {
    const { header, members } = await client.unary("memberList", { linearizable: true });
    t.same(header, server.member.header(0));
    t.match(members, [
      {
        id: server.member.memberId,
        name: "default",
        peerUrls: ["http://localhost:2380"],
        clientUrls: ["http://localhost:2379"],
        isLearner: false,
      },
    ]);
    t.equal(members.length, 1);
  });
});

t.test("MemberAdd checks the URLs, and takes nobody in", async (t) => {
  await withServer(async ({ client }) => {
    const bad = [
      [],
      [""],
      ["http://a"],
      ["a:1"],
      ["ftp://a:1"],
      ["http://a:1/path"],
      ["http://ok:1", "http://:"],
    ];
    for (const peerUrls of bad) {
      await refuses(client.unary("memberAdd", { peerUrls }), "memberBadUrls");
    }
    const taken = client.unary("memberAdd", { peerUrls: ["http://localhost:2380"] });
    await refuses(taken, "peerUrlExists");
    for (const url of ["http://a:1", "https://[::1]:2380", "unix://socket:1"]) {
      await t.rejects(client.unary("memberAdd", { peerUrls: [url] }), { code: 12 });
    }
  });
});

t.test("MemberRemove and MemberPromote refuse what they must", async (t) => {
  await withServer(async ({ client, server }) => {
    const { memberId: id } = server.member;
    await refuses(client.unary("memberRemove", { id }), "memberNotEnoughStarted");
    await refuses(client.unary("memberRemove", { id: 5n }), "memberNotFound");
    await refuses(client.unary("memberPromote", { id }), "memberNotLearner");
    await refuses(client.unary("memberPromote", { id: 5n }), "memberNotFound");
    await t.rejects(client.unary("memberRemove", { id }), { code: 2 });
  });
});

t.test("MemberUpdate takes any URLs, and keeps them over a restart", async (t) => {
  const engine = new FaultyEngine();
  const first = await startServer({ engine });
  const { memberId: id } = first.server.member;
  await refuses(first.client.unary("memberUpdate", { id: 5n, peerUrls: [] }), "memberNotFound");
  const { members, header } = await first.client.unary("memberUpdate", { id, peerUrls: ["junk"] });
  t.same(members[0]?.peerUrls, ["junk"]);
  t.equal(header?.revision, 0);
  await first.server.close();
  await withServer(
    async ({ client, server }) => {
      t.equal(server.member.memberId, id);
      t.same((await client.unary("memberList", {})).members[0]?.peerUrls, ["junk"]);
    },
    { engine },
  );
});
