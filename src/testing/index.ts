export type { Duration } from "./duration.ts";
export type { FaultAction, FaultError, FaultRule } from "./fault-rules.ts";
export { withFaultPages } from "./fault-pages.ts";
export { FAULTS_MAX, Faults } from "./faults.ts";
export type { Fault, FaultsOptions, FaultyDisk } from "./faults.ts";
export { FaultyEngine } from "./faulty-engine.ts";
export { HELD_CALLS_MAX } from "./held-calls.ts";
export { seededRandom } from "./random.ts";
export { VirtualClock } from "./virtual-clock.ts";
