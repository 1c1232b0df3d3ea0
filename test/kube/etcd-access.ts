/** How the programs of a cluster reach its etcd: plain, or by TLS with certificates on both sides. */
import { get as getPlain } from "node:http";
import type { IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import { join } from "node:path";
import { TestAuthority } from "../harness/certificates.ts";
import type { Certificate } from "../harness/certificates.ts";

/** Limit for one page. */
const pageLimitMs = 30_000;

/** The URL of an etcd, and what belongs to it. */
export class EtcdAccess {
  readonly url: string;
  /** What the etcd under test is given for it. */
  readonly serverFlags: readonly string[];
  /** What kube-apiserver is given for it. */
  readonly apiserverFlags: readonly string[];
  /** What etcdctl is given for it. */
  readonly etcdctlFlags: readonly string[];
  readonly #identity: { readonly ca?: string; readonly cert?: string; readonly key?: string };

  private constructor(
    url: string,
    certificates?: {
      readonly authority: TestAuthority;
      readonly server: Certificate;
      readonly client: Certificate;
    },
  ) {
    this.url = url;
    if (certificates === undefined) {
      this.serverFlags = [];
      this.apiserverFlags = [];
      this.etcdctlFlags = [];
      this.#identity = {};
      return;
    }
    const { authority, server, client } = certificates;
    this.serverFlags = [
      `--cert-file=${server.certFile}`,
      `--key-file=${server.keyFile}`,
      `--trusted-ca-file=${authority.certFile}`,
      "--client-cert-auth=true",
    ];
    this.apiserverFlags = [
      `--etcd-cafile=${authority.certFile}`,
      `--etcd-certfile=${client.certFile}`,
      `--etcd-keyfile=${client.keyFile}`,
    ];
    this.etcdctlFlags = [
      `--cacert=${authority.certFile}`,
      `--cert=${client.certFile}`,
      `--key=${client.keyFile}`,
    ];
    this.#identity = { ca: authority.cert, cert: client.cert, key: client.key };
  }

  /** Plain. */
  static plain(port: number): EtcdAccess {
    return new EtcdAccess(`http://127.0.0.1:${port}`);
  }

  /** By TLS; writes the certificates into a folder. */
  static secure(port: number, folder: string): EtcdAccess {
    const authority = new TestAuthority(join(folder, "etcd-pki"));
    const server = authority.certify("server");
    // As kubeadm calls it; there are no hosts in it.
    const name = "kube-apiserver-etcd-client";
    const client = authority.certify("client", { commonName: name, hosts: [] });
    return new EtcdAccess(`https://127.0.0.1:${port}`, { authority, server, client });
  }

  /** One page of etcd's own HTTP interface. */
  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    return await new Promise((resolve, reject) => {
      const take = (answer: IncomingMessage): void => {
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (text: string) => (body += text));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on("error", reject);
      };
      const options = { agent: false, timeout: pageLimitMs, ...this.#identity };
      const url = `${this.url}${path}`;
      const call = url.startsWith("https:")
        ? getSecure(url, options, take)
        : getPlain(url, options, take);
      call.on("error", reject);
      call.on("timeout", () => {
        call.destroy(new Error(`No answer to GET ${path} in ${pageLimitMs} ms`));
      });
    });
  }
}
