/** What this server says it speaks. */

/** The etcd whose API and behaviour this is. Clients parse it to find out about features. */
export const ETCD_VERSION = "3.7.3";
/** As in etcd's cluster and storage versions. */
export const CLUSTER_VERSION = "3.7.0";
/** Major and minor only. */
export const CLUSTER_VERSION_SHORT = "3.7";
