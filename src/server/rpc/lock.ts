/**
 * Service v3lockpb.Lock: a lock is held by the oldest of the keys below its name, each of which hangs
 * on its owner's lease.
 *
 * Source: etcd server/etcdserver/api/v3lock/lock.go, client/v3/concurrency/mutex.go.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { CallContext } from "../../wire/index.ts";
import { OwnCalls, createdAt, firstOf, keysOf } from "./own-calls.ts";
import type { OwnChannel } from "./own-calls.ts";

export class LockService {
  readonly #own: OwnChannel;

  constructor(own: OwnChannel) {
    this.#own = own;
  }

  /** Waits until the lock is the lease's. */
  async lock(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const request = messages.decodeLockRequest(bytes);
    const calls = new OwnCalls(this.#own, context, context.signal);
    const response = await this.#own.run(lock(request, calls));
    return messages.encodeLockResponse(response);
  }

  async unlock(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const { key } = messages.decodeUnlockRequest(bytes);
    const { header } = await new OwnCalls(this.#own, context, context.signal).delete(key);
    return messages.encodeUnlockResponse({ header });
  }
}

async function lock(
  request: messages.LockRequest,
  calls: OwnCalls,
): Promise<messages.LockResponseInit> {
  const lease = await calls.session(request.lease);
  const { prefix, key } = keysOf(request.name, lease);
  const first = firstOf(request.name);
  const { header, succeeded, responses } = await calls.txn({
    compare: [createdAt(key, 0)],
    success: [{ requestPut: { key, lease } }, { requestRange: first }],
    failure: [{ requestRange: { key } }, { requestRange: first }],
  });
  // The transaction has made the key, or found it, so that there is an owner.
  const [mine, owner] = responses.map(({ responseRange }) => responseRange?.kvs[0]?.createRevision);
  const ownRevision = succeeded ? header!.revision : mine!;
  if (owner === ownRevision) return { header, key };
  return { header: await waitForTurn(calls, { prefix, key, ownRevision }), key };
}

/** Resolves with the header of the answer that shows that the key is the oldest. */
async function waitForTurn(
  calls: OwnCalls,
  own: { readonly prefix: Uint8Array; readonly key: Uint8Array; readonly ownRevision: number },
): Promise<messages.ResponseHeader | undefined> {
  try {
    await calls.waitForDeletes(own.prefix, own.ownRevision - 1);
    const { kvs, header } = await calls.range({ key: own.key });
    if (kvs.length > 0) return header;
  } catch (error) {
    // The place in line is given up. When that fails too, it goes with the lease.
    await calls.delete(own.key).catch(() => undefined);
    throw error;
  }
  throw new EtcdError(STATUS.unknown, "mutex: session is expired");
}
