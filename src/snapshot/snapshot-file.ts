/**
 * The SHA-256 that a snapshot has behind its database.
 * Source: etcd etcdutl/snapshot/v3_snapshot.go, copyAndVerifyDB.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { corruptFile } from "./bolt-elements.ts";
import type { BoltPlan } from "./bolt-writer.ts";

const HASH_BYTES = 32;
/** Pages are whole multiples of it, so a size that is more by a hash has one. */
const SECTOR_BYTES = 512;
const READ_BYTES = 1024 * 1024;
/** Written at once. */
const WRITE_BYTES = 1024 * 1024;

/**
 * Reads all of a snapshot, and compares. Rejects with StorageError when it does not agree, or when there
 * is none: then it is no snapshot, but copied from a data directory.
 */
export async function checkSnapshotHash(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size % SECTOR_BYTES !== HASH_BYTES) {
    throw corruptFile("snapshot missing hash but --skip-hash-check=false");
  }
  const end = size - HASH_BYTES;
  const hash = createHash("sha256");
  const expected: Buffer[] = [];
  let position = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    // The stream has no encoding, so it gives bytes.
    const bytes = chunk as Buffer;
    const ofDatabase = Math.max(0, Math.min(bytes.length, end - position));
    hash.update(bytes.subarray(0, ofDatabase));
    if (ofDatabase < bytes.length) expected.push(bytes.subarray(ofDatabase));
    position += bytes.length;
  }
  const [want, got] = [Buffer.concat(expected), hash.digest()];
  if (want.equals(got)) return;
  const numbers = (bytes: Buffer): string => `[${[...bytes].join(" ")}]`;
  throw corruptFile(`expected sha256 ${numbers(want)}, got ${numbers(got)}`);
}

/** Writes a snapshot with its hash. There is no file, or all of it; a file that was there is replaced. */
export async function writeSnapshotFile(path: string, plan: BoltPlan): Promise<void> {
  const partPath = `${path}.part`;
  const file = await open(partPath, "w", 0o600);
  try {
    try {
      const hash = createHash("sha256");
      for await (const bytes of joined(plan.pages())) {
        hash.update(bytes);
        await file.writeFile(bytes);
      }
      await file.writeFile(hash.digest());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}

/** The same bytes in larger parts. */
async function* joined(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const part of parts) {
    gathered.push(part);
    bytes += part.length;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
  }
  yield Buffer.concat(gathered);
}
