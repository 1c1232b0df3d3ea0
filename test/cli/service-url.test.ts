import fc from "fast-check";
import t from "tap";
import {
  checkBindUrls,
  checkHostUrls,
  parseServiceUrls,
  UrlError,
} from "../../src/cli/service-url.ts";

t.test("parseServiceUrls() sorts, trims, and drops what is there twice", (t) => {
  const urls = parseServiceUrls("http://b:2, http://a:1,http://b:2");
  t.same(
    urls.map((url) => url.text),
    ["http://a:1", "http://b:2"],
  );
  t.end();
});

t.test("parseServiceUrls() gives the parts of a URL", (t) => {
  const part = (text: string): unknown => parseServiceUrls(text)[0];
  t.same(part("http://127.0.0.1:2379"), {
    scheme: "http",
    address: "127.0.0.1:2379",
    hostname: "127.0.0.1",
    text: "http://127.0.0.1:2379",
  });
  t.match(part("HTTPS://[::1]:0"), { scheme: "https", address: "[::1]:0", hostname: "::1" });
  t.match(part("unix:///tmp/a.sock"), { scheme: "unix", address: "/tmp/a.sock", hostname: "" });
  t.match(part("unix:/tmp/a.sock"), { address: "/tmp/a.sock", text: "unix:///tmp/a.sock" });
  t.match(part("unixs://localhost:5"), { scheme: "unixs", address: "localhost:5" });
  t.end();
});

/** What etcd 3.7.3 says about each. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["foo", "URL scheme must be http, https, unix, or unixs: foo"],
  ["", "URL scheme must be http, https, unix, or unixs: "],
  ["http://a:1,", "URL scheme must be http, https, unix, or unixs: "],
  ["ftp://a:1", "URL scheme must be http, https, unix, or unixs: ftp://a:1"],
  ["localhost:23", "URL scheme must be http, https, unix, or unixs: localhost:23"],
  ["127.0.0.1:23", 'parse "127.0.0.1:23": first path segment in URL cannot contain colon'],
  [":23", 'parse ":23": missing protocol scheme'],
  ["http://a", 'URL address does not have the form "host:port": http://a'],
  ["http://[::1]", 'URL address does not have the form "host:port": http://[::1]'],
  ["http://", 'URL address does not have the form "host:port": http://'],
  ["http://a:1/b", "URL must not contain a path: http://a:1/b"],
  ["http://a:1/", "URL must not contain a path: http://a:1/"],
  ["http://a:b", 'parse "http://a:b": invalid port ":b" after host'],
  ["http://::1:2", 'parse "http://::1:2": invalid port "::1:2" after host'],
  ["http://[::1", `parse "http://[::1": missing ']' in host`],
  ["http://%zz:1", 'parse "http://%zz:1": invalid URL escape "%zz"'],
  ["http://a\u0001:1", 'parse "http://a\\x01:1": net/url: invalid control character in URL'],
];

t.test("parseServiceUrls() refuses with etcd's texts", (t) => {
  for (const [text, message] of REFUSED) {
    t.throws(() => parseServiceUrls(text), new UrlError(message), JSON.stringify(text));
  }
  t.end();
});

t.test("parseServiceUrls() takes its own texts back", (t) => {
  const host = fc.oneof(fc.ipV4(), fc.domain(), fc.constant("[::1]"));
  const url = fc.oneof(
    fc
      .tuple(fc.constantFrom("http", "https"), host, fc.nat(65_535))
      .map(([scheme, name, port]) => `${scheme}://${name}:${port}`),
    fc.stringMatching(/^[a-z/.]+$/).map((path) => `unix:///${path.replace(/^\/+/, "")}`),
  );
  fc.assert(
    fc.property(fc.array(url, { minLength: 1 }), (texts) => {
      const once = parseServiceUrls(texts.join(",")).map((each) => each.text);
      const twice = parseServiceUrls(once.join(",")).map((each) => each.text);
      return once.join() === twice.join() && once.length === new Set(texts).size;
    }),
  );
  t.pass("for any list of URLs");
  t.end();
});

t.test("checkBindUrls() lets addresses, localhost and sockets pass, and no name", (t) => {
  checkBindUrls(parseServiceUrls("http://127.0.0.1:0,http://[::1]:0,http://localhost:1,unix://a"));
  const refused = (text: string, message: string): void => {
    t.throws(() => checkBindUrls(parseServiceUrls(text)), new UrlError(message));
  };
  refused("http://foo:1", "expected IP in URL for binding (http://foo:1)");
  refused("http://:0", "expected IP in URL for binding (http://:0)");
  t.end();
});

t.test("checkHostUrls() refuses a URL without a host", (t) => {
  checkHostUrls(parseServiceUrls("http://foo:1,unix:///a"));
  t.throws(
    () => checkHostUrls(parseServiceUrls("http://:2379")),
    new UrlError("unexpected empty host (http://:2379)"),
  );
  t.end();
});
