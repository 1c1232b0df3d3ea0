/** A client of a server elsewhere. */
import { Client } from "../client/index.ts";

/**
 * A client of the servers at these URLs (`http://host:port`, `unix://path`). The connection is made by
 * the first call. Close the client when done.
 */
export async function connect(urls: string | readonly string[]): Promise<Client> {
  const { GrpcChannel } = await import("../transport/index.ts");
  const channel = await GrpcChannel.connect(urls);
  return new Client(channel, { onClose: () => channel.close() });
}
