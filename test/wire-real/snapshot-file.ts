/** The database file, as Maintenance.Snapshot sends it. */
import { createHash } from "node:crypto";
import type { Test } from "tap";
import type { Api } from "./api.ts";
import { rest } from "./exchange.ts";

/** Fetches the file and checks what comes with it: sizes, version, and checksum. */
export async function snapshotFile(t: Test, { maintenance }: Api): Promise<Buffer> {
  const stream = maintenance.snapshot();
  stream.send({});
  stream.end();
  const pieces = await rest(stream);
  const blobs = pieces.map((piece) => piece.blob);
  const file = Buffer.concat(blobs.slice(0, -1));
  t.strictSame(createHash("sha256").update(file).digest(), Buffer.from(blobs.at(-1) ?? []));
  t.equal(pieces[0]?.remainingBytes, file.length - (blobs[0]?.length ?? 0));
  t.equal(pieces[0]?.version, "3.7.0");
  return file;
}

/** Whether a file holds these very bytes somewhere. */
export function holds(file: Buffer, bytes: Uint8Array): boolean {
  return file.includes(Buffer.from(bytes));
}
