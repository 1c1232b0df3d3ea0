/** A client of a server elsewhere. */
import { Client } from "../client/index.ts";
import type { ClientTlsOptions } from "../transport/index.ts";
import type { Clock } from "../wire/index.ts";
import { SYSTEM_CLOCK } from "./system.ts";

/** What {@link connect} takes. */
export interface ConnectOptions {
  /** For URLs by TLS: whom to trust, and who to be. */
  readonly tls?: ClientTlsOptions | undefined;
  /** Sent with every call, names in lower case: `token`, say, with what `authenticate` answered. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Who to be, with a password: both or neither. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Says when to renew leases that are kept alive. Default the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * A client of the servers at these URLs (`http://host:port`, `unix://path`; by TLS `https` and
 * `unixs`). The connection is made by the first call; a user's token is got with it, and renewed when
 * it is no longer good. Close the client when done.
 */
export async function connect(
  urls: string | readonly string[],
  options: ConnectOptions = {},
): Promise<Client> {
  const { GrpcChannel } = await import("../transport/index.ts");
  const channel = await GrpcChannel.connect(urls, options);
  const { user, password } = options;
  const credentials = user === undefined ? undefined : { user, password: password ?? "" };
  const { clock = SYSTEM_CLOCK } = options;
  return new Client(channel, { credentials, clock, onClose: () => channel.close() });
}
