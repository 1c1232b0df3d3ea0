/** Checks memory against disk, for tests. */
import assert from "node:assert/strict";
import { decodeKeyValueHead, latin1 } from "../wire/index.ts";
import type { KeySpace } from "./key-space.ts";
import type { Lessor } from "./lessor.ts";
import { mainOf, subOf, tableRange } from "./tables.ts";

/**
 * Every row has its version in the tree with the same numbers and, where memory has it, the same
 * bytes; the tree has no version more than there are rows; leases and keys point at each other.
 * Nothing may be written meanwhile. Throws AssertionError.
 */
export async function checkConsistency(space: KeySpace, lessor: Lessor): Promise<void> {
  let rowCount = 0;
  for await (const page of space.engine.scan({ ...tableRange("revision"), pageRows: 1000 })) {
    for (const [rowKey, value] of page) {
      rowCount++;
      const head = decodeKeyValueHead(value);
      const key = latin1(value, head.keyStart, head.keyEnd);
      checkRow(space, { key, main: mainOf(rowKey), sub: subOf(rowKey) }, { head, value });
    }
  }
  let versionCount = 0;
  space.tree.forEach("", undefined, (history) => {
    versionCount += history.versionCount;
    if (history.version === 0) assert.equal(lessor.leaseOf(history.key), 0n);
    return true;
  });
  assert.equal(versionCount, rowCount, "versions in memory and rows on disk");
  for (const lease of lessor.list()) {
    for (const key of lease.keys) assert.equal(lessor.leaseOf(key), lease.id);
  }
}

function checkRow(
  space: KeySpace,
  place: { key: string; main: number; sub: number },
  row: { head: ReturnType<typeof decodeKeyValueHead>; value: Uint8Array },
): void {
  const history = space.tree.get(place.key);
  assert.ok(history, `row without a key in memory: ${String(place.main)}`);
  const version = history.find(place.main, place.sub);
  assert.ok(version, `row without a version in memory: ${String(place.main)}`);
  const inMemory = space.values.read(version);
  if (inMemory !== undefined) assert.deepEqual(inMemory, Buffer.from(row.value));
  assert.equal(version.version, row.head.version);
  assert.equal(version.createMain, row.head.createRevision);
}
