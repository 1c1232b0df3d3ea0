import type { Test } from "tap";
import type { TestAuthority } from "../harness/certificates.ts";
import { EtcdProcess } from "../harness/etcd-process.ts";
import type { EtcdProcessOptions } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

/** A server that comes back where it was. */
export class RestartableServer {
  readonly url: string;
  readonly #options: EtcdProcessOptions;
  #etcd: EtcdProcess;

  private constructor(etcd: EtcdProcess, options: EtcdProcessOptions) {
    this.url = etcd.url;
    this.#etcd = etcd;
    this.#options = options;
  }

  /** Starts the program, by TLS when there is an authority for it. */
  static async start(
    t: Test,
    binary: string,
    authority: TestAuthority | undefined,
  ): Promise<RestartableServer> {
    const options = {
      binary,
      folder: await tempDirectory(t),
      unsafeNoFsync: true,
      flags: { "grpc-keepalive-min-time": "100ms", ...secureFlags(authority) },
    };
    const server = new RestartableServer(await EtcdProcess.start(options), options);
    t.teardown(() => server.#etcd.stop("SIGKILL"));
    return server;
  }

  stop(): Promise<string> {
    return this.#etcd.stop("SIGTERM");
  }

  async restart(): Promise<void> {
    await this.stop();
    const flags = { ...this.#options.flags, "listen-client-urls": this.url };
    this.#etcd = await EtcdProcess.start({ ...this.#options, flags });
  }
}

function secureFlags(authority: TestAuthority | undefined): Readonly<Record<string, string>> {
  if (authority === undefined) return {};
  const { certFile, keyFile } = authority.certify("server");
  return {
    "listen-client-urls": "https://127.0.0.1:0",
    "cert-file": certFile,
    "key-file": keyFile,
  };
}
