import t from "tap";
import type { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { pageOf as page, withServer } from "./server-fixture.ts";

const { AlarmAction, AlarmType } = messages;
const NOT_FOUND = "404 page not found\n";
const PLAIN = "text/plain; charset=utf-8";
const READY_CHECKS = [
  "data_corruption",
  "serializable_read",
  "linearizable_read",
  "non_learner",
] as const;

async function raise(client: Client, alarm: number, memberId = 1n): Promise<void> {
  await client.unary("alarm", { action: AlarmAction.activate, memberId, alarm });
}

t.test("/health of a server that is well has no newline", async (t) => {
  await withServer(async ({ server }) => {
    const { status, headers, body } = await page(server, "/health");
    t.equal(status, 200);
    t.equal(body, '{"health":"true","reason":""}');
    t.equal(headers["Content-Type"], PLAIN);
  });
});

t.test("/health says which alarm is raised, and ends with a newline then", async (t) => {
  await withServer(async ({ server, client }) => {
    await raise(client, AlarmType.nospace);
    const { status, body } = await page(server, "/health");
    t.equal(status, 503);
    t.equal(body, '{"health":"false","reason":"ALARM NOSPACE"}\n');
    await raise(client, AlarmType.corrupt);
    const excluded = await page(server, "/health?exclude=NOSPACE");
    t.equal(excluded.status, 503);
    t.equal(excluded.body, '{"health":"false","reason":"ALARM CORRUPT"}\n');
    const both = await page(server, "/health?exclude=NOSPACE&exclude=CORRUPT");
    t.equal(both.status, 200);
    t.equal(both.body, '{"health":"true","reason":""}');
    t.equal((await page(server, "/health?exclude=OTHER")).status, 503);
    t.equal(
      (await page(server, "/health?serializable=true")).status,
      503,
      "alarms count all the same",
    );
  });
});

t.test("/health names an alarm of a type it does not know", async (t) => {
  await withServer(async ({ server, client }) => {
    await raise(client, 9);
    const { body } = await page(server, "/health");
    t.equal(body, '{"health":"false","reason":"ALARM UNKNOWN"}\n');
  });
});

t.test("/health after a failed write fails, but for serializable reading", async (t) => {
  await withServer(
    async ({ server, client, engine }) => {
      engine.failWrite({ write: 1 });
      await t.rejects(client.kv.put("k", "v"));
      const { status, body } = await page(server, "/health");
      t.equal(status, 503);
      t.match(JSON.parse(body), { health: "false", reason: /^RANGE ERROR:/ });
      t.equal((await page(server, "/health?serializable=true")).status, 200);
    },
    { consistent: false },
  );
});

for (const path of ["/health", "/livez", "/readyz", "/version", "/readyz/non_learner"]) {
  t.test(`${path} takes GET only`, async (t) => {
    await withServer(async ({ server }) => {
      for (const method of ["POST", "HEAD", "PUT", "OPTIONS"]) {
        const { status, headers, body } = await page(server, path, { method });
        t.equal(status, 405);
        t.equal(headers["Allow"], "GET");
        t.equal(body, "Method Not Allowed\n");
      }
    });
  });
}

t.test("/livez and /readyz say ok, and every check when asked to", async (t) => {
  await withServer(async ({ server }) => {
    for (const [path, checks] of [
      ["/livez", ["serializable_read"]],
      ["/readyz", READY_CHECKS],
    ] as const) {
      const short = await page(server, path);
      t.equal(short.status, 200);
      t.equal(short.body, "ok\n");
      t.equal(short.headers["Content-Type"], PLAIN);
      t.equal(short.headers["X-Content-Type-Options"], "nosniff");
      const { body } = await page(server, `${path}?verbose`);
      const lines = checks.map((check) => `[+]${check} ok`).sort();
      t.same(body.split("\n").sort(), ["", ...lines, "ok"].sort());
      t.ok(body.endsWith("\nok\n"));
    }
  });
});

t.test("/livez and /readyz have a page for every check, and no other", async (t) => {
  await withServer(async ({ server }) => {
    for (const check of READY_CHECKS) {
      const { status, body } = await page(server, `/readyz/${check}?verbose`);
      t.equal(status, 200);
      t.equal(body, `[+]${check} ok\nok\n`);
    }
    t.equal((await page(server, "/livez/serializable_read")).body, "ok\n");
    for (const path of ["/livez/non_learner", "/readyz/other", "/readyz/", "/livez/x/y"]) {
      const { status, body } = await page(server, path);
      t.equal(status, 404, path);
      t.equal(body, NOT_FOUND);
    }
  });
});

t.test("/readyz fails for corruption, and not for want of space", async (t) => {
  await withServer(async ({ server, client }) => {
    await raise(client, AlarmType.nospace);
    t.equal((await page(server, "/readyz")).status, 200);
    await raise(client, AlarmType.corrupt);
    const { status, headers, body } = await page(server, "/readyz");
    t.equal(status, 503);
    t.equal(headers["X-Content-Type-Options"], "nosniff");
    t.ok(body.endsWith("\n\n"), "one newline more than lines");
    t.ok(body.includes("[-]data_corruption failed: alarm activated: CORRUPT\n"));
    t.ok(body.includes("[+]linearizable_read ok\n"), "all lines, whether asked for or not");
    t.equal((await page(server, "/livez")).status, 200);
    const excluded = await page(server, "/readyz?exclude=data_corruption&verbose");
    t.equal(excluded.status, 200);
    t.notOk(excluded.body.includes("data_corruption"));
    const both = "/readyz?exclude=unknown&exclude=data_corruption";
    t.equal((await page(server, both)).status, 200);
    t.equal((await page(server, "/readyz/data_corruption")).status, 503);
  });
});

t.test("/readyz after a failed write fails its linearizable read", async (t) => {
  await withServer(
    async ({ server, client, engine }) => {
      engine.failWrite({ write: 1 });
      await t.rejects(client.kv.put("k", "v"));
      const { status, body } = await page(server, "/readyz");
      t.equal(status, 503);
      t.match(body, /\[-\]linearizable_read failed: .*Cannot write/);
      t.ok(body.includes("[+]serializable_read ok\n"));
    },
    { consistent: false },
  );
});

t.test("/version is etcd's, in order and without spaces", async (t) => {
  await withServer(async ({ server }) => {
    const { status, headers, body } = await page(server, "/version");
    t.equal(status, 200);
    t.equal(body, '{"etcdserver":"3.7.3","etcdcluster":"3.7.0","storage":"3.7.0"}');
    t.equal(headers["Content-Type"], "application/json");
  });
});

t.test("/debug/vars has what a Go program tells, as far as it applies here", async (t) => {
  await withServer(async ({ server, client }) => {
    await client.kv.put("a", "1");
    const { status, headers, body } = await page(server, "/debug/vars");
    t.equal(status, 200);
    t.equal(headers["Content-Type"], "application/json; charset=utf-8");
    t.match(
      body,
      /^\{\n"cmdline": \[".*\],\n"file_descriptor_limit": \d+,\n"memstats": \{"Alloc":\d+/u,
    );
    const variables = JSON.parse(body) as Record<string, Record<string, unknown>>;
    const { memberId, term } = server.member;
    const id = memberId.toString(16);
    const { raftAppliedIndex: index } = await client.maintenance.status();
    t.match(variables["raft.status"], { id, term, lead: id, commit: index, applied: index });
    t.equal((await page(server, "/debug/vars", { method: "HEAD" })).status, 405);
  });
});

t.test("Any other path is not found", async (t) => {
  await withServer(async ({ server }) => {
    for (const path of ["/", "/v2/keys", "/healthz", "/health/", "/metrics/x"]) {
      const { status, body, headers } = await page(server, path);
      t.equal(status, 404, path);
      t.equal(body, NOT_FOUND);
      t.equal(headers["Content-Type"], PLAIN);
    }
  });
});

t.test("/metrics answers whatever the method", async (t) => {
  await withServer(async ({ server }) => {
    for (const method of ["GET", "POST"]) {
      const { status, headers, body } = await page(server, "/metrics", { method });
      t.equal(status, 200);
      t.equal(
        headers["Content-Type"],
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
      );
      t.match(body, /^etcd_server_has_leader 1$/m);
    }
  });
});
