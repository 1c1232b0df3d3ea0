/** Prints how many test points of a TAP log passed and failed: leaves only, not their parents. */
import { readFileSync } from "node:fs";

let passed = 0;
let failed = 0;
let deeper = -1;
for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  const match = /^( *)(not )?ok \d+/.exec(line);
  if (match === null || /# SKIP/i.test(line)) continue;
  const depth = match[1].length;
  // A point that closes deeper ones sums them up.
  const isParent = deeper > depth;
  deeper = depth;
  if (isParent) continue;
  if (match[2] === undefined || /# TODO/i.test(line)) passed++;
  else failed++;
}
console.log(`${passed} ${failed}`);
