export { VirtualClock } from "./virtual-clock.ts";
export type { Duration } from "./virtual-clock.ts";
