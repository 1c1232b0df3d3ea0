/** What is reachable: for tests that show that nothing is left behind. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of the heap after everything that can be collected was. Takes some milliseconds. */
export function reachableHeapBytes(): number {
  setFlagsFromString("--expose-gc");
  // The flag shows in contexts that are made after it was set.
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("Cannot collect: no gc()");
  // Twice: what the first round finds with finalisers is freed by the second.
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
