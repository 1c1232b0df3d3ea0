/** One of two servers that do the same: takes steps, and says what they led to. */
import { EtcdError } from "../../src/wire/index.ts";
import type { messages } from "../../src/wire/index.ts";
import { STREAM_COUNT } from "./differential-operation.ts";
import type { Operation } from "./differential-operation.ts";
import { normalise } from "./normalise.ts";
import type { Outcome } from "./normalise.ts";
import type { Subject } from "./subject.ts";
import { WatchRecorder } from "./watch-recorder.ts";

/** How long a compaction in the background may take; it is a matter of milliseconds. */
const compactionLimitMs = 20_000;
const compactionPollMs = 5;

/** How long a server may hold an answer back on a busy machine. */
const answerLimitMs = 30_000;

/** A step's outcome, and what the store looked like afterwards. */
export interface SideOutcome extends Outcome {
  /** The revision in the answer's header; undefined where there is none. */
  readonly revision?: number;
}

/** An answer as far as every answer is alike. */
type Answer = object & { readonly header?: messages.ResponseHeader | undefined };

export class Side {
  readonly subject: Subject;
  readonly recorder: WatchRecorder;
  /** Of the last compaction that succeeded. */
  #compactedRevision = -1;

  private constructor(subject: Subject) {
    this.subject = subject;
    this.recorder = new WatchRecorder(subject.client, STREAM_COUNT);
  }

  static async open(subject: Subject): Promise<Side> {
    const side = new Side(subject);
    await side.recorder.start();
    return side;
  }

  async close(): Promise<void> {
    this.recorder.close();
    await this.subject.stop();
  }

  /** Takes a step. `revision` is the store's before it. Refusals are outcomes like any other. */
  async take(operation: Operation, revision: number): Promise<SideOutcome> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<SideOutcome>((resolve) => {
      timer = setTimeout(() => {
        resolve({ answer: `no answer in ${answerLimitMs} ms from ${this.subject.name}` });
      }, answerLimitMs);
    });
    try {
      return await Promise.race([this.#take(operation, revision), limit]);
    } catch (error) {
      if (error instanceof EtcdError) return { answer: { code: error.code, text: error.message } };
      throw new Error(`${this.subject.name} failed at ${operation.kind}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #take(operation: Operation, revision: number): Promise<SideOutcome> {
    switch (operation.kind) {
      case "unary":
        return outcomeOf(await operation.send(this.subject.client));
      case "rangeStream":
        return { answer: await this.#streamRange(operation.request) };
      case "keepAlive":
        return await this.#keepAlive(operation.request);
      case "anyLease":
        return await this.#anyLease(operation.request);
      case "compact":
        return await this.#compact(operation.request);
      case "watchCreate":
        return { answer: await this.#create(operation.stream, operation.request) };
      case "watchCancel": {
        const stream = this.recorder.stream(operation.stream);
        return { answer: await stream.cancel(operation.request.watchId ?? 0) };
      }
      case "watchProgress":
        await this.recorder.stream(operation.stream).requestProgress(revision);
        return { answer: "asked" };
      case "watchReopen":
        this.recorder.reopen(operation.stream);
        return { answer: "reopened" };
      case "sync":
        return { answer: "synced" };
      case "restart":
        this.recorder.close();
        await this.subject.restart();
        await this.recorder.restart(this.subject.client);
        return { answer: "restarted" };
    }
  }

  /**
   * Parts of one answer, joined. How much is in a part follows from the sizes of keys and values; only that a
   * negative limit makes etcd send all in one part is not asked of others.
   */
  async #streamRange(request: messages.RangeRequestInit): Promise<unknown> {
    const stream = this.subject.client.stream("rangeStream");
    stream.send(request);
    stream.end();
    const kvs: unknown[] = [];
    const sizes: number[] = [];
    let rest: Partial<messages.RangeResponse> = {};
    for await (const { rangeResponse } of stream) {
      if (rangeResponse === undefined) return "a part without an answer";
      if (rest.header !== undefined) return "a part after the last";
      kvs.push(...rangeResponse.kvs);
      sizes.push(rangeResponse.kvs.length);
      rest = rangeResponse;
    }
    return normalise({ ...rest, kvs, sizes: (request.limit ?? 0) < 0 ? undefined : sizes });
  }

  async #keepAlive(request: messages.LeaseKeepAliveRequestInit): Promise<SideOutcome> {
    const stream = this.subject.client.stream("leaseKeepAlive");
    stream.send(request);
    stream.end();
    const answers: unknown[] = [];
    for await (const answer of stream) answers.push(normalise(answer));
    return { answer: answers };
  }

  async #anyLease(request: messages.LeaseGrantRequestInit): Promise<SideOutcome> {
    const { client } = this.subject;
    const granted = await client.unary("leaseGrant", request);
    const id = granted.id;
    const revoked = await client.unary("leaseRevoke", { id });
    const { ttl, header } = granted;
    return { answer: normalise({ ttl, header, isPositive: id > 0n, revoked }) };
  }

  async #create(index: number, request: messages.WatchCreateRequestInit): Promise<unknown> {
    return await this.recorder.stream(index).create(request, this.#compactedRevision);
  }

  /**
   * Compacts, and waits until that is done in the background too: then, and only then, HashKV of the revision
   * comes from what the compaction found, with the revision of the compaction before.
   * Source: etcd server/storage/mvcc/hash.go, HashStorage.
   */
  async #compact(request: messages.CompactionRequestInit): Promise<SideOutcome> {
    const { client } = this.subject;
    const answer = await client.unary("compact", request);
    const previous = this.#compactedRevision;
    const revision = request.revision ?? 0;
    this.#compactedRevision = revision;
    const lastMs = Date.now() + compactionLimitMs;
    for (;;) {
      const atRevision = await client.unary("hashKV", { revision });
      const isDone = atRevision.compactRevision === previous;
      if (isDone || request.physical === true || Date.now() > lastMs) {
        if (!isDone) this.recorder.problems.push(`compaction at ${revision} did not end`);
        const now = await client.unary("hashKV", { revision: 0 });
        return { ...outcomeOf(answer), answer: normalise({ answer, atRevision, now }) };
      }
      await new Promise((resolve) => setTimeout(resolve, compactionPollMs));
    }
  }
}

function outcomeOf(answer: Answer): SideOutcome {
  const revision = answer.header?.revision ?? 0;
  if (!("grantedTtl" in answer) || !("ttl" in answer) || !("keys" in answer)) {
    return { answer: normalise(answer), revision };
  }
  // Time goes by between two servers, and the keys of a lease are in no order.
  const { ttl, keys, ...rest } = answer;
  const sortedKeys = Array.isArray(keys) ? keys.map(String).sort() : keys;
  return {
    answer: normalise({ ...rest, keys: sortedKeys }),
    remainingSeconds: [Number(ttl)],
    revision,
  };
}
