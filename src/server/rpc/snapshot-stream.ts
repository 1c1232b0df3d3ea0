/**
 * Maintenance.Snapshot: the store as a database file of etcd, in blocks, with a SHA-256 behind it.
 *
 * Source: etcd server/etcdserver/api/v3rpc/maintenance.go, Snapshot.
 */
import { createHash } from "node:crypto";
import type { Store } from "../../mvcc/index.ts";
import type { StoreExport } from "../../snapshot/index.ts";
import { CLUSTER_VERSION, messages } from "../../wire/index.ts";
import type { CallContext, Logger, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { Figures } from "../figures.ts";
import type { Member } from "../member.ts";
import { PacedOutput } from "./paced-output.ts";
import { asStreamError } from "./refusal.ts";

/** Bytes of a block. Source: as above, snapshotSendBufferSize. */
const BLOCK_BYTES = 32 * 1024;

interface Parts {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly member: Member;
  readonly gate: AuthGate;
  readonly logger: Logger;
  readonly figures: Figures;
}

export class SnapshotStream implements StreamInput {
  readonly #parts: Parts;
  readonly #context: CallContext;
  readonly #output: PacedOutput;

  constructor(parts: Parts, context: CallContext, output: StreamOutput) {
    this.#parts = parts;
    this.#context = context;
    this.#output = new PacedOutput(output);
  }

  write(bytes: Uint8Array): void {
    this.#answer(bytes).then(
      () => this.#output.end(undefined),
      (error: unknown) => this.#output.end(asStreamError(error)),
    );
  }

  end(): void {
    // The one request has come already, or the transport answers for a missing one.
  }

  cancel(): void {
    this.#output.cancel();
  }

  drained(): void {
    this.#output.drained();
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    messages.decodeSnapshotRequest(bytes);
    this.#parts.gate.requireAdmin(this.#context);
    const { StoreExport: Export } = await import("../../snapshot/index.ts");
    const { store, queue, member, figures } = this.#parts;
    const taken = await queue.read(() => {
      const { memberId, term, name, peerUrls, clientUrls } = member;
      const { appliedIndex } = queue;
      const described = { memberId, term, appliedIndex, name, peerUrls, clientUrls };
      return new Export(store, described);
    });
    await figures.timed(figures.snapshot, async () => this.#sendAll(taken));
  }

  async #sendAll(taken: StoreExport): Promise<void> {
    const { logger } = this.#parts;
    try {
      const plan = await taken.plan();
      const fields = { "total-bytes": plan.sizeBytes, "storage-version": CLUSTER_VERSION };
      logger.info("sending database snapshot to client", fields);
      await this.#send(plan.sizeBytes, plan.pages());
      if (!this.#output.aborted)
        logger.info("successfully sent database snapshot to client", fields);
    } finally {
      await taken.close();
    }
  }

  async #send(sizeBytes: number, pages: AsyncIterable<Buffer>): Promise<void> {
    const hash = createHash("sha256");
    let remainingBytes = sizeBytes;
    for await (const blob of inBlocks(pages)) {
      remainingBytes -= blob.length;
      hash.update(blob);
      await this.#write(blob, remainingBytes);
      if (this.#output.aborted) return;
    }
    await this.#write(hash.digest(), 0);
  }

  #write(blob: Uint8Array, remainingBytes: number): Promise<void> {
    const version = CLUSTER_VERSION;
    return this.#output.send(messages.encodeSnapshotResponse({ blob, remainingBytes, version }));
  }
}

/** The same bytes in parts of {@link BLOCK_BYTES}; the last one may be shorter. */
async function* inBlocks(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let gathered: Buffer[] = [];
  let room = BLOCK_BYTES;
  for await (const part of parts) {
    for (let start = 0; start < part.length;) {
      const taken = part.subarray(start, start + room);
      gathered.push(taken);
      start += taken.length;
      room -= taken.length;
      if (room > 0) continue;
      yield Buffer.concat(gathered);
      gathered = [];
      room = BLOCK_BYTES;
    }
  }
  if (gathered.length > 0) yield Buffer.concat(gathered);
}
