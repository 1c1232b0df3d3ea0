import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { parseArguments } from "../../src/cli/flags.ts";
import type { Settings } from "../../src/cli/flags.ts";
import { grpcOptions, tlsNotes, tlsOptions } from "../../src/cli/transport-settings.ts";

function settings(args: string): Settings {
  const parsed = parseArguments(args === "" ? [] : args.split(" "));
  if (parsed.kind !== "parsed") throw new Error(`Cannot parse ${args}`);
  return parsed.settings;
}

t.test("grpcOptions() without flags gives etcd's defaults", async (t) => {
  t.same(grpcOptions(settings("")), {
    grpcTransport: "http2",
    maxConcurrentStreams: undefined,
    grpcKeepaliveMinTimeMs: 5000,
    grpcKeepaliveIntervalMs: 7_200_000,
    grpcKeepaliveTimeoutMs: 20_000,
  });
});

t.test("grpcOptions() takes the flags, and zero as etcd and gRPC-Go do", async (t) => {
  const given = grpcOptions(
    settings(
      "--max-concurrent-streams=7 --grpc-keepalive-min-time=1500us --grpc-transport=grpc-js " +
        "--grpc-keepalive-interval=10ms --grpc-keepalive-timeout=3s",
    ),
  );
  t.same(given, {
    grpcTransport: "grpc-js",
    maxConcurrentStreams: 7,
    grpcKeepaliveMinTimeMs: 1.5,
    grpcKeepaliveIntervalMs: 1000,
    grpcKeepaliveTimeoutMs: 3000,
  });
  t.match(grpcOptions(settings("--max-concurrent-streams=0 --grpc-keepalive-min-time=0")), {
    maxConcurrentStreams: undefined,
    grpcKeepaliveMinTimeMs: 300_000,
  });
  for (const flag of ["--grpc-keepalive-interval=0", "--grpc-keepalive-timeout=-1s"]) {
    t.match(
      grpcOptions(settings(flag)),
      { grpcKeepaliveIntervalMs: undefined, grpcKeepaliveTimeoutMs: undefined },
      flag,
    );
  }
});

t.test("grpcOptions() refuses a transport that is not there", async (t) => {
  t.throws(
    () => grpcOptions(settings("--grpc-transport=grpc")),
    new ConfigurationError('--grpc-transport is "http2" or "grpc-js": "grpc"'),
  );
});

const SOURCE = { dataDir: "/d", allowedCommonNames: [] };

t.test("tlsOptions() takes files, or makes a certificate in the data directory", async (t) => {
  t.equal(tlsOptions(settings("--trusted-ca-file=a"), SOURCE), undefined);
  const rules = { crlFile: "", allowedHostnames: [], allowedCommonNames: [] };
  const own = { clientCertFile: "", clientKeyFile: "" };
  const all = {
    trustedCaFile: undefined,
    clientCertAuth: false,
    cipherSuites: [],
    ...rules,
    ...own,
  };
  const versions = { minVersion: "TLS1.2", maxVersion: undefined };
  t.same(tlsOptions(settings("--cert-file=c --key-file=k --auto-tls"), SOURCE), {
    certFile: "c",
    keyFile: "k",
    ...all,
    ...versions,
  });
  t.same(tlsOptions(settings("--key-file=k"), SOURCE), {
    certFile: "",
    keyFile: "k",
    ...all,
    ...versions,
  });
  t.same(
    tlsOptions(
      settings(
        "--client-crl-file=l --client-cert-allowed-hostname=a,b --client-cert-file=cc " +
          "--client-key-file=ck --auto-tls --self-signed-cert-validity=3 --trusted-ca-file=a --client-cert-auth " +
          "--tls-min-version= --tls-max-version=TLS1.3 --cipher-suites=x,y",
      ),
      { ...SOURCE, allowedCommonNames: ["kate"] },
    ),
    {
      selfSigned: { folder: "/d/fixtures/client", years: 3 },
      clientCertFile: "cc",
      clientKeyFile: "ck",
      crlFile: "l",
      allowedHostnames: ["a", "b"],
      allowedCommonNames: ["kate"],
      trustedCaFile: "a",
      clientCertAuth: true,
      minVersion: undefined,
      maxVersion: "TLS1.3",
      cipherSuites: ["x", "y"],
    },
  );
});

t.test("tlsNotes() warns with etcd's texts of certificates that protect nothing", async (t) => {
  const messages = (args: string): readonly string[] =>
    tlsNotes(settings(args)).map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`);
  t.same(messages(""), []);
  t.same(messages("--cert-file=c --key-file=k --client-cert-auth --auto-tls"), [
    "ignoring client auto TLS since certs given {}",
    "scheme is http or unix while key and cert files are present; ignoring key and cert files " +
      '{"client-url":"http://localhost:2379"}',
    "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for " +
      'this URL {"client-url":"http://localhost:2379"}',
  ]);
  t.same(messages("--cert-file=c --listen-client-urls=https://127.0.0.1:1,unixs://s"), []);
});
