/**
 * When a client breaks the rules of HTTP/2, nghttp2 says so to the client, and from then on neither
 * reads nor sends. It expects to be closed by Node, which is not told and keeps the connection and
 * its streams, also when the client has long gone. (Seen with Node 20 and DATA on stream 0. To
 * start reading again is no way out: nghttp2 then fails an assertion, which ends the process.)
 *
 * Such a session gives itself away by what it does not send. So whoever has sent nothing for a
 * while is pinged: a sound session sends the ping at once, whether or not it is answered; in a stuck
 * one it stays in the queue. It also stays there when the client does not read at all, not even in
 * its kernel, which is given {@link STUCK_SWEEPS} to end.
 */
import type { ServerHttp2Session } from "node:http2";

/** Milliseconds between two looks at all sessions. An idle session is pinged every other time. */
const SWEEP_INTERVAL_MS = 60_000;

/** Sweeps in a row that find a session stuck before it is destroyed; some minutes, then. */
const STUCK_SWEEPS = 5;

/** What was seen of a session. */
interface Sighting {
  bytesRead: number;
  stuckCount: number;
}

/** Finds sessions that will never do anything again, and destroys them. One timer for all. */
export class StuckSessions {
  readonly #sightings = new Map<ServerHttp2Session, Sighting>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: { readonly sweepIntervalMs?: number | undefined } = {}) {
    const intervalMs = options.sweepIntervalMs ?? SWEEP_INTERVAL_MS;
    this.#timer = setInterval(() => this.#sweep(), intervalMs).unref();
  }

  add(session: ServerHttp2Session): void {
    this.#sightings.set(session, { bytesRead: 0, stuckCount: 0 });
    session.once("close", () => this.#sightings.delete(session));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    for (const [session, sighting] of this.#sightings) {
      if (session.destroyed) continue;
      const { bytesRead } = session.socket;
      if (bytesRead !== sighting.bytesRead) {
        sighting.bytesRead = bytesRead;
        sighting.stuckCount = 0;
      } else if ((session.state.outboundQueueSize ?? 0) === 0) {
        sighting.stuckCount = 0;
        session.ping(ignore);
      } else {
        sighting.stuckCount += 1;
        if (sighting.stuckCount >= STUCK_SWEEPS) session.destroy();
      }
    }
  }
}

/** Whether the ping is answered does not matter. */
function ignore(): void {}
