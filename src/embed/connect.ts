/** A client of a server elsewhere. */
import { Client } from "../client/index.ts";

/**
 * Connects to servers by URL (`http://host:port`, `unix://path`). Resolves when the first is
 * connected to. Close the client when done.
 */
export async function connect(urls: string | readonly string[]): Promise<Client> {
  const { GrpcChannel } = await import("../transport/index.ts");
  return new Client(await GrpcChannel.connect(urls));
}
