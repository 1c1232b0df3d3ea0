/** A test for each option about what is served beside gRPC. */
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { ANY_PORT, started } from "./embedded.ts";

/** Puts the key "a". */
async function putByJson(url: string): Promise<Response> {
  return fetch(`${url}/v3/kv/put`, { method: "POST", body: '{"key":"YQ=="}' });
}

type Effect = (t: Test) => Promise<void>;

export const HTTP_EFFECTS: {
  readonly listenClientHttpUrls: Effect;
  readonly enableGrpcGateway: Effect;
  readonly cors: Effect;
  readonly hostWhitelist: Effect;
} = {
  listenClientHttpUrls: async (t) => {
    const etcd = await started(t, {
      listenClientUrls: [ANY_PORT],
      listenClientHttpUrls: [ANY_PORT],
    });
    const [grpcUrl = ""] = etcd.clientUrls;
    const [httpUrl = ""] = etcd.httpUrls;
    t.equal((await fetch(`${httpUrl}/health`)).status, 200);
    t.equal((await putByJson(httpUrl)).status, 200);
    await t.rejects(fetch(`${grpcUrl}/health`));
    t.equal((await etcd.client.kv.get("a")).count, 1);
    const url = "http://127.0.0.1:1";
    await t.rejects(Etcd.start({ listenClientUrls: [url], listenClientHttpUrls: [url] }), {
      message:
        "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url " +
        url,
    });
  },

  enableGrpcGateway: async (t) => {
    for (const enableGrpcGateway of [undefined, true, false]) {
      const etcd = await started(t, { listenClientUrls: [ANY_PORT], enableGrpcGateway });
      const { status: code } = await putByJson(etcd.clientUrls[0] ?? "");
      t.equal(code, enableGrpcGateway === false ? 404 : 200);
    }
  },

  cors: async (t) => {
    const allowed = async (cors: readonly string[] | undefined): Promise<string | null> => {
      const etcd = await started(t, { listenClientUrls: [ANY_PORT], cors });
      const headers = { origin: "http://page.example:80" };
      const reply = await fetch(`${etcd.clientUrls[0] ?? ""}/health`, { headers });
      return reply.headers.get("access-control-allow-origin");
    };
    t.equal(await allowed(undefined), "*");
    t.equal(await allowed(["http://page.example:80"]), "http://page.example:80");
    t.equal(await allowed(["http://other.example:80"]), null);
  },

  hostWhitelist: async (t) => {
    for (const [hostWhitelist, code] of [
      [undefined, 200],
      [["127.0.0.1"], 200],
      [["etcd.example"], 421],
    ] as const) {
      const etcd = await started(t, { listenClientUrls: [ANY_PORT], hostWhitelist });
      t.equal((await fetch(`${etcd.clientUrls[0] ?? ""}/health`)).status, code);
    }
  },
};
