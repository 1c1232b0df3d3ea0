/** A range that comes in pieces. */
import { messages } from "../../wire/index.ts";
import { CommandError, EXIT } from "./definition.ts";
import { errorText } from "./session.ts";
import type { Connection } from "./session.ts";

/** The pieces of a range as one answer. Source: etcd client/v3/kv.go, GetStreamToGetResponse. */
export async function collectRange(
  { client }: Connection,
  request: messages.RangeRequestInit,
): Promise<messages.RangeResponse> {
  const whole: messages.RangeResponse = { header: undefined, kvs: [], more: false, count: 0 };
  const stream = client.stream("rangeStream");
  stream.send(request);
  stream.end();
  try {
    for await (const { rangeResponse } of stream) {
      if (rangeResponse === undefined) continue;
      const { header, kvs, more, count } = rangeResponse;
      whole.header = header ?? whole.header;
      whole.more = more || whole.more;
      whole.count = count || whole.count;
      for (const kv of kvs) whole.kvs.push(kv);
    }
  } catch (error) {
    throw new CommandError(EXIT.error, errorText(error));
  }
  return whole;
}
