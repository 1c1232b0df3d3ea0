export { BoltError } from "./bolt-elements.ts";
export { BoltFile } from "./bolt-file.ts";
export { planBolt } from "./bolt-writer.ts";
export type { BoltPlan, BoltRow, BucketSource } from "./bolt-writer.ts";
export { StoreExport } from "./store-export.ts";
export type { ExportedMember } from "./store-export.ts";
