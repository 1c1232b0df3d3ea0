/**
 * Service v3electionpb.Election: the oldest of the keys below an election's name leads, each of which
 * hangs on its candidate's lease.
 *
 * Source: etcd server/etcdserver/api/v3election/election.go, client/v3/concurrency/election.go.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { CallContext, StreamInput, StreamOutput } from "../../wire/index.ts";
import { ObserveStream } from "./observe.ts";
import { OwnCalls, createdAt, firstOf, keysOf } from "./own-calls.ts";
import type { OwnChannel } from "./own-calls.ts";

export class ElectionService {
  readonly #own: OwnChannel;

  constructor(own: OwnChannel) {
    this.#own = own;
  }

  /** Waits until the lease's key leads. */
  async campaign(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const request = messages.decodeCampaignRequest(bytes);
    const response = await this.#own.run(campaign(request, this.#calls(context)));
    return messages.encodeCampaignResponse(response);
  }

  async proclaim(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const request = messages.decodeProclaimRequest(bytes);
    const leader = given(request.leader);
    const calls = this.#calls(context);
    const lease = await calls.session(leader.lease);
    const header = await proclaim({ ...leader, lease }, request.value, calls);
    return messages.encodeProclaimResponse({ header });
  }

  async leader(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const { name } = messages.decodeLeaderRequest(bytes);
    const { header, kvs } = await this.#calls(context).range(firstOf(name));
    const [kv] = kvs;
    if (kv === undefined) throw new EtcdError(STATUS.unknown, "election: no leader");
    return messages.encodeLeaderResponse({ header, kv });
  }

  observe(context: CallContext, output: StreamOutput): StreamInput {
    return new ObserveStream(this.#own, context, output);
  }

  async resign(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const leader = given(messages.decodeResignRequest(bytes).leader);
    const calls = this.#calls(context);
    // etcd makes one here too, though nothing will hang on it.
    await calls.session(leader.lease);
    return messages.encodeResignResponse({ header: await resign(leader, calls) });
  }

  #calls(context: CallContext): OwnCalls {
    return new OwnCalls(this.#own, context, context.signal);
  }
}

type Header = messages.ResponseHeader | undefined;

async function campaign(
  request: messages.CampaignRequest,
  calls: OwnCalls,
): Promise<messages.CampaignResponseInit> {
  const { name, value } = request;
  const lease = await calls.session(request.lease);
  const { prefix, key } = keysOf(name, lease);
  const { header, succeeded, responses } = await calls.txn({
    compare: [createdAt(key, 0)],
    success: [{ requestPut: { key, value, lease } }],
    failure: [{ requestRange: { key } }],
  });
  const known = responses[0]?.responseRange?.kvs[0];
  // The transaction has made the key, or found it.
  const leader = { name, key, rev: succeeded ? header!.revision : known!.createRevision, lease };
  if (known !== undefined && Buffer.compare(known.value, value) !== 0) {
    await orResign(proclaim(leader, value, calls), leader, calls);
  }
  try {
    await calls.waitForDeletes(prefix, leader.rev - 1);
  } catch (error) {
    if (calls.isOver) await resign(leader, calls).catch(() => undefined);
    throw error;
  }
  return { header, leader };
}

async function orResign(
  step: Promise<unknown>,
  leader: messages.LeaderKey,
  calls: OwnCalls,
): Promise<void> {
  try {
    await step;
  } catch (error) {
    // When that fails too, the key goes with the lease.
    await resign(leader, calls).catch(() => undefined);
    throw error;
  }
}

async function proclaim(
  leader: messages.LeaderKey,
  value: Uint8Array,
  calls: OwnCalls,
): Promise<Header> {
  const { key, rev, lease } = leader;
  const { header, succeeded } = await calls.txn({
    compare: [createdAt(key, rev)],
    success: [{ requestPut: { key, value, lease } }],
  });
  if (!succeeded) throw new EtcdError(STATUS.unknown, "election: not leader");
  return header;
}

async function resign({ key, rev }: messages.LeaderKey, calls: OwnCalls): Promise<Header> {
  const { header } = await calls.txn({
    compare: [createdAt(key, rev)],
    success: [{ requestDeleteRange: { key } }],
  });
  return header;
}

/** Source: v3election/election.go, ErrMissingLeaderKey. */
function given(leader: messages.LeaderKey | undefined): messages.LeaderKey {
  if (leader !== undefined) return leader;
  throw new EtcdError(STATUS.unknown, '"leader" field must be provided');
}
