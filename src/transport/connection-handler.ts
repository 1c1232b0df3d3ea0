/** What stands behind a {@link Listener}: something that can serve one kind of connection. */
import type { Duplex } from "node:stream";

/**
 * Serves connections of one protocol. gRPC and HTTP/1.1 are two of them; whoever speaks HTTP/2 in
 * another way is a third, and takes the place of the first without the listener noticing.
 */
export interface ConnectionHandler {
  /**
   * Takes over one connection, of which `head` was read to tell its protocol. It may be flowing, so
   * it has to be listened to, or paused, before this returns. From here on the handler owns it, its
   * errors included; it never throws for what the far end does.
   */
  handle(socket: Duplex, head: Buffer): void;
  /**
   * Lets calls under way finish for at most `graceMs` milliseconds, then drops every connection.
   * When it resolves, none is left. No connection may be handed over after this was called.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/**
 * For who wants to read a connection from its beginning: pauses it, and puts back what was read. It
 * has to be resumed.
 */
export function putBack(socket: Duplex, head: Buffer): void {
  socket.pause();
  socket.unshift(head);
}
