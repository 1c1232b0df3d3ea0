import fc from "fast-check";
import t from "tap";
import { hostPort, parseListenUrl } from "../../src/transport/listen-url.ts";

void t.test("parseListenUrl() reads every form of an address", async (t) => {
  const tcp = (host: string, port: number, secure = false): object => ({
    kind: "tcp",
    host,
    port,
    secure,
  });
  const unix = (path: string, secure = false): object => ({ kind: "unix", path, secure });
  t.same(parseListenUrl("http://127.0.0.1:2379"), tcp("127.0.0.1", 2379));
  t.same(parseListenUrl(" http://0.0.0.0:0\n"), tcp("0.0.0.0", 0));
  t.same(parseListenUrl("http://localhost:80"), tcp("localhost", 80));
  t.same(parseListenUrl("http://[::1]:2379"), tcp("::1", 2379));
  t.same(parseListenUrl("unix:///run/etcd.sock"), unix("/run/etcd.sock"));
  t.same(parseListenUrl("unix://etcd.sock"), unix("etcd.sock"));
  t.same(parseListenUrl("unix://localhost:2379"), unix("localhost:2379"));
  t.same(parseListenUrl("https://[::1]:0"), tcp("::1", 0, true));
  t.same(parseListenUrl("unixs:///run/etcd.sock"), unix("/run/etcd.sock", true));
});

void t.test("parseListenUrl() refuses everything else with etcd's text", async (t) => {
  const refused: Record<string, string> = {
    "127.0.0.1:2379": "URL scheme must be http, https, unix, or unixs: 127.0.0.1:2379",
    "tcp://127.0.0.1:2379": "URL scheme must be http, https, unix, or unixs: tcp://127.0.0.1:2379",
    "http://127.0.0.1": 'URL address does not have the form "host:port": http://127.0.0.1',
    "http://::1:2379": 'URL address does not have the form "host:port": http://::1:2379',
    "http://[::1]": 'URL address does not have the form "host:port": http://[::1]',
    "http://127.0.0.1:2379/": "URL must not contain a path: http://127.0.0.1:2379/",
    "http://127.0.0.1:2379/x:1": "URL must not contain a path: http://127.0.0.1:2379/x:1",
    "http://foo:1": "expected IP in URL for binding (http://foo:1)",
    "http://[127.0.0.1]:1": "expected IP in URL for binding (http://[127.0.0.1]:1)",
    "http://:2379": "expected IP in URL for binding (http://:2379)",
    "http://127.0.0.1:http": 'parse "http://127.0.0.1:http": invalid port ":http" after host',
    "http://127.0.0.1:65536": "listen tcp: address 65536: invalid port",
    "https://foo:2379": "expected IP in URL for binding (https://foo:2379)",
    "unix://": "Cannot listen on a socket without a path: unix://",
    "unixs://": "Cannot listen on a socket without a path: unixs://",
  };
  for (const [url, message] of Object.entries(refused)) {
    t.throws(() => parseListenUrl(url), { message }, url);
  }
});

void t.test("parseListenUrl() reads back what hostPort() prints", async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65535 }), (host, port) => {
      const address = parseListenUrl(`http://${hostPort(host, port)}`);
      return address.kind === "tcp" && address.host === host && address.port === port;
    }),
  );
  t.equal(hostPort("::1", 1), "[::1]:1");
});
