/** Conversations of clients that ask for what there is: random requests of the whole API. */
import { FLAG, FRAME } from "../../../src/transport/http2/frames.ts";
import { STREAM_METHODS, UNARY_METHODS, messages } from "../../../src/wire/index.ts";
import { FEW_KEYS, RandomRequests } from "../../harness/random-operations.ts";
import type { Random } from "../../harness/random-operations.ts";
import { prefixed } from "../http2/raw-client.ts";
import type { RawClient } from "../http2/raw-client.ts";
import { framesOf, recorded } from "./conversations.ts";
import type { LooseFrame } from "./conversations.ts";

/** All methods but those that end what the test goes by: alarms and quotas stay as they are. */
const PATHS = [...Object.values(UNARY_METHODS), ...Object.values(STREAM_METHODS)].filter(
  (path) => !path.endsWith("/Alarm"),
);

/** A dozen calls, one behind the other; now and then a method gets another's request. */
export function etcdTalk(random: Random): LooseFrame[] {
  const state = { revision: 20, compactedRevision: -1, compactions: [] };
  const requests = new RandomRequests(random, FEW_KEYS, state);
  const talk = (client: RawClient): void => {
    client.begin([[4, random.pick([0, 1000, 1_000_000])]]);
    for (let streamId = 1; streamId < 24; streamId += 2) {
      const [path, request] = randomCall(requests, random);
      const isStream = path.endsWith("/Watch") || path.endsWith("KeepAlive");
      const flags = isStream && random.percent(70) ? 0 : FLAG.endStream;
      client.request(streamId, { ":path": random.percent(10) ? random.pick(PATHS) : path });
      client.send(FRAME.data, flags, streamId, prefixed(request));
    }
  };
  return framesOf(recorded(talk));
}

function randomCall(
  requests: RandomRequests,
  random: Random,
): readonly [path: string, request: Uint8Array] {
  switch (random.below(9)) {
    case 0:
      return [UNARY_METHODS.put, messages.encodePutRequest(requests.put())];
    case 1:
      return [UNARY_METHODS.range, messages.encodeRangeRequest(requests.range())];
    case 2:
      return [UNARY_METHODS.deleteRange, messages.encodeDeleteRangeRequest(requests.deleteRange())];
    case 3:
      return [UNARY_METHODS.txn, messages.encodeTxnRequest(requests.txn())];
    case 4:
      return [STREAM_METHODS.rangeStream, messages.encodeRangeRequest(requests.range())];
    case 5: {
      const createRequest = requests.watchCreate();
      return [STREAM_METHODS.watch, messages.encodeWatchRequest({ createRequest })];
    }
    case 6: {
      const grant = { id: requests.leaseId(), ttl: requests.leaseTtl() };
      return [UNARY_METHODS.leaseGrant, messages.encodeLeaseGrantRequest(grant)];
    }
    case 7: {
      const keepAlive = { id: requests.leaseId() };
      return [STREAM_METHODS.leaseKeepAlive, messages.encodeLeaseKeepAliveRequest(keepAlive)];
    }
    default:
      return [random.pick(PATHS), messages.encodeHashKVRequest(requests.hashKV())];
  }
}
