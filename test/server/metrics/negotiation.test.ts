/**
 * What Prometheus and others send, with what the real etcd 3.7.3 answers to it;
 * `peers-tests/metrics.test.ts` asks it again.
 */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { acceptsGzip, metricsType } from "../../../src/server/metrics/negotiation.ts";
import type { HttpField, HttpRequest } from "../../../src/wire/index.ts";
import { ACCEPTED_TYPES, ACCEPTED_ENCODINGS } from "../../harness/metrics-requests.ts";
import { pageOf, withServer } from "../server-fixture.ts";

function asking(...fields: HttpField[]): HttpRequest {
  return { method: "GET", path: "/metrics", query: new URLSearchParams(), fields };
}

t.test("metricsType() has the escaping that is wanted most", async (t) => {
  const type = (escaping: string): string =>
    `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`;
  t.equal(metricsType(asking()), type("underscores"));
  for (const [value, escaping] of ACCEPTED_TYPES) {
    t.equal(metricsType(asking({ name: "accept", value })), type(escaping), value);
  }
});

t.test("acceptsGzip() says whether that is what is wanted most", async (t) => {
  t.equal(acceptsGzip(asking()), false);
  for (const [value, isGzip] of ACCEPTED_ENCODINGS) {
    t.equal(acceptsGzip(asking({ name: "accept-encoding", value })), isGzip, value);
  }
  const two = ["identity;q=0.5", "gzip"].map((value) => ({ name: "accept-encoding", value }));
  t.equal(acceptsGzip(asking(...two)), true, "in two fields");
});

t.test("/metrics is compressed for who wants that, and the same page", async (t) => {
  await withServer(async ({ server }) => {
    const plain = await pageOf(server, "/metrics");
    t.equal(plain.headers["Content-Encoding"], undefined);
    const wanted = [
      { name: "accept-encoding", value: "gzip" },
      { name: "accept", value: "text/plain;version=1.0.0;escaping=allow-utf-8" },
    ];
    const { headers, body } = await server.page(asking(...wanted));
    t.strictSame(headers, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
      "Content-Encoding": "gzip",
    });
    assert(typeof body !== "string");
    const text = gunzipSync(body).toString();
    t.ok(body.length * 4 < text.length, `${String(body.length)} of ${String(text.length)}`);
    const names = (page: string): string[] => page.match(/^# TYPE .*$/gmu) ?? [];
    t.strictSame(names(text), names(plain.body));
  });
});
