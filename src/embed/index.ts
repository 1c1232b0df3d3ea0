export { connect } from "./connect.ts";
export { Etcd } from "./etcd.ts";
export type { EtcdOptions } from "./options.ts";
