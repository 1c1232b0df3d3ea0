/**
 * Flags that kubeadm gives etcd, as data, for the versions that are not built here.
 *
 * Source: k8s.io/kubernetes v1.35.4, v1.36.3 and v1.37.2, cmd/kubeadm/app/phases/etcd/local.go,
 * getEtcdCommand. The manifests that these three versions write differ in the tag of the image only.
 */

/** Names, sorted as kubeadm sorts them: Kubernetes 1.35, 1.36 and 1.37. */
export const KUBEADM_FLAGS = [
  "advertise-client-urls",
  "cert-file",
  "client-cert-auth",
  "data-dir",
  "feature-gates",
  "initial-advertise-peer-urls",
  "initial-cluster",
  "key-file",
  "listen-client-urls",
  "listen-metrics-urls",
  "listen-peer-urls",
  "name",
  "peer-cert-file",
  "peer-client-cert-auth",
  "peer-key-file",
  "peer-trusted-ca-file",
  "snapshot-count",
  "trusted-ca-file",
  "watch-progress-notify-interval",
] as const;

/**
 * What stands in place of a flag for an etcd before 3.6: by kubeadm 1.35 with `imageTag: 3.5.24-0`,
 * and by all versions before 1.34.
 */
const OLDER_FLAGS: Readonly<Record<string, string>> = {
  "--feature-gates=InitialCorruptCheck=true": "--experimental-initial-corrupt-check=true",
  "--watch-progress-notify-interval=5s": "--experimental-watch-progress-notify-interval=5s",
};

/** The same command as older versions of kubeadm write it. */
export function olderCommand(command: readonly string[]): string[] {
  return command.map((argument) => OLDER_FLAGS[argument] ?? argument);
}

/**
 * The probe of versions that looked by a command, with a certificate for that. Source: kubeadm to
 * 1.16; without its brackets around the address, which etcdctl 3.7 does not take.
 */
export const OLDER_PROBE =
  "ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 " +
  "--cacert=/etc/kubernetes/pki/etcd/ca.crt " +
  "--cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt " +
  "--key=/etc/kubernetes/pki/etcd/healthcheck-client.key get foo";
