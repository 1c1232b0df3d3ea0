import t from "tap";
import { routeOf, timeoutMsOf } from "../../src/transport/grpc-routes.ts";
import { RequestHead } from "../../src/transport/http2/request-head.ts";

function headOf(fields: Partial<RequestHead>): RequestHead {
  const defaults = { method: "POST", authority: "host", contentType: "application/grpc" };
  return Object.assign(new RequestHead([]), defaults, fields);
}

void t.test("timeoutMsOf() takes up to eight digits and a unit", (t) => {
  const texts = ["1H", "2M", "3S", "4m", "500u", "1000000n", "99999999H"];
  t.same(texts.map(timeoutMsOf), [3_600_000, 120_000, 3000, 4, 0.5, 1, 99_999_999 * 3_600_000]);
  for (const text of ["", "1", "S", "123456789S", "1.5S", "-1S", " 1S", "1s"]) {
    t.equal(timeoutMsOf(text), undefined, text);
  }
  t.end();
});

void t.test("routeOf() finds methods, and pages for what is not meant to be one", (t) => {
  t.match(routeOf(headOf({ path: "/etcdserverpb.KV/Put" })).target, {
    kind: "unary",
    method: "put",
  });
  t.match(routeOf(headOf({ path: "/etcdserverpb.Maintenance/Snapshot" })).target, {
    kind: "stream",
    isSingle: true,
  });
  t.match(routeOf(headOf({ path: "/health", contentType: "" })).target, { kind: "page" });
  t.match(routeOf(headOf({ path: "/etcdserverpb.KV/Put", contentType: "" })).target, {
    kind: "refusal",
    httpStatus: 415,
  });
  const once = headOf({ path: "/etcdserverpb.KV/Put" });
  t.equal(routeOf(once), routeOf(once));
  t.end();
});

void t.test("routeOf() packs answers only for who packs and takes them", (t) => {
  const path = "/etcdserverpb.KV/Put";
  const isGzip = (encoding: string, acceptEncoding: string): boolean =>
    routeOf(headOf({ path, encoding, acceptEncoding })).isGzip;
  t.equal(isGzip("gzip", "identity, gzip,"), true);
  t.equal(isGzip("gzip", "gzipped,"), false);
  t.equal(isGzip("", "gzip,"), false);
  t.end();
});
