/** A data directory of ours that no server runs on, as a snapshot. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { loadCompactions, loadIdentity, tableRange } from "../mvcc/index.ts";
import { LevelEngine, StorageError } from "../storage/index.ts";
import type { Engine } from "../storage/index.ts";
import { StoreExport } from "./store-export.ts";
import type { ExportedStore } from "./store-export.ts";
import { writeSnapshotFile } from "./snapshot-file.ts";

/** What the file says of the member, as it is not in the directory. */
export interface ExportedNames {
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
}

/** A file that every LevelDB has. Source: LevelDB, doc/impl.md. */
const STORE_FILE = "CURRENT";

/**
 * Writes the snapshot. Rejects with StorageError, "locked" while a server runs, and with what the
 * system says where nothing is.
 */
export async function exportDirectory(
  directory: string,
  path: string,
  names: ExportedNames,
): Promise<void> {
  // Opening would make a store where there is none.
  await stat(join(directory, STORE_FILE));
  const engine = await LevelEngine.open({ directory, sync: true });
  try {
    const { memberId, term, reservedIndex, peerUrls } = loadIdentity(engine);
    if (memberId === undefined) {
      throw new StorageError(
        "open-failed",
        `Cannot export "${directory}": no server ran on it yet`,
      );
    }
    const taken = new StoreExport(storeOf(engine), {
      ...names,
      memberId,
      term,
      appliedIndex: reservedIndex,
      peerUrls: peerUrls ?? names.peerUrls,
    });
    try {
      await writeSnapshotFile(path, await taken.plan());
    } finally {
      await taken.close();
    }
  } finally {
    await engine.close();
  }
}

/** As much of a store as it takes, without its index. */
function storeOf(engine: Engine): ExportedStore {
  const { scheduled, finished } = loadCompactions(engine);
  return {
    compactedRevision: Math.max(scheduled, finished),
    finishedCompaction: finished,
    scanTable: (table, pageRows) => engine.scan({ ...tableRange(table), pageRows }),
    turn: () => Promise.resolve(),
  };
}
