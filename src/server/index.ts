export type { AutoCompaction } from "./auto-compactor.ts";
export { BCRYPT_COST, bcryptCost } from "./auth/passwords.ts";
export { QUOTA_BYTES, REQUEST_BYTES_MAX, TXN_OPERATIONS_MAX } from "./limits.ts";
export { newIdentity } from "./member.ts";
export { Server } from "./server.ts";
export { leaseTtlMin, requestTimeoutMs } from "./server-options.ts";
export type { Feature, ServerOptions } from "./server-options.ts";
