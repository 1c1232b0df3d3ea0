/**
 * A call is a method and bytes in, bytes out. Everything that makes or answers calls is a
 * {@link Channel}: the server is one, a wire that leads to a server is another, and the client works
 * over either. The in-process client is therefore not a second implementation, only the absence of
 * a wire.
 *
 * Two decisions for speed: a unary answer that is ready comes back as bytes and not as a promise (and
 * one that is not may be a PendingAnswer, which needs none either), and a stream pushes into a
 * {@link StreamOutput} instead of being pulled from.
 */
import type { EtcdError } from "./errors.ts";
import type { StreamMethod, UnaryMethod } from "./methods.ts";

/** Anything that can carry an etcd call: a server, or a wire that leads to one. */
export interface Channel {
  /**
   * One request, one answer. Throws, or rejects with, {@link EtcdError}. What is no promise but a
   * PendingAnswer may be listened to instead of awaited.
   *
   * The request's bytes belong to the callee from here on: neither side changes them.
   */
  unary(
    method: UnaryMethod,
    request: Uint8Array,
    context: CallContext,
  ): Uint8Array | PromiseLike<Uint8Array>;

  /**
   * Opens a stream whose answers go to `output`, in order. The returned {@link StreamInput} takes
   * the caller's messages. Nothing is written to `output` before this method has returned.
   */
  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput;
}

/** What a call carries beside its message. */
export interface CallContext {
  /**
   * First value of a metadata key given in lower case, or undefined. By a wire, `:authority` is the
   * host that the client dialed.
   */
  metadata(name: string): string | undefined;
  /**
   * Common name in the client's certificate, empty where it has none; undefined without a
   * certificate that was verified. Left out where a call has no connection of a client's own: in the
   * same process, or from the JSON gateway.
   */
  certificateName?(): string | undefined;
  /**
   * Aborted when nobody waits for the answer any more: the caller has gone, or its time is over. Made
   * when it is first asked for. Left out of streams, which are told by {@link StreamInput.cancel},
   * and where a caller never gives up.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The receiving end of a stream's answers; implemented by whoever opened the stream. */
export interface StreamOutput {
  /**
   * Takes one message. `false` means that the far end does not read as fast as this: the message
   * was still taken, and {@link StreamInput.drained} will be called when there is room again.
   */
  write(message: Uint8Array): boolean;
  /**
   * As {@link StreamOutput.write}, for a message that is `head` and `blocks` one behind the other, and
   * for a writer that can make it again at any time: `false` comes as soon as this one has to wait.
   * `head` is only lent; `blocks` are shared with other streams, may be kept, and never change. An
   * output without it takes whole messages only.
   */
  writeParts?(head: Uint8Array, blocks: readonly Uint8Array[]): boolean;
  /** Ends the stream, with the error where there is one. Nothing may be written afterwards. */
  end(error?: EtcdError): void;
}

/** The sending end of a stream's requests; implemented by whoever answers the stream. */
export interface StreamInput {
  /** One message of the caller. */
  write(message: Uint8Array): void;
  /** The caller will send no more (half-close); answers may go on. */
  end(): void;
  /** The caller is gone; nothing will be read any more. */
  cancel(): void;
  /** The output has room again, after it had answered `false`. */
  drained(): void;
}

/** The context of a call without metadata. */
export const EMPTY_CONTEXT: CallContext = { metadata: () => undefined };
