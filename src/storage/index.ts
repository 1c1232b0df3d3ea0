export { crc32c } from "./crc32c.ts";
export { StorageError, visitByScan } from "./engine.ts";
export type {
  Batch,
  Engine,
  EngineSnapshot,
  Row,
  RowVisitor,
  ScanRange,
  StorageErrorReason,
} from "./engine.ts";
export { LevelEngine } from "./level-engine.ts";
export type { LevelEngineOptions } from "./level-engine.ts";
export { MemoryEngine } from "./memory-engine.ts";
