/** What a server of gRPC grants its clients, whichever of the two it is. */
export interface GrpcOptions {
  /** Largest write request, bytes; a message may be half a mebibyte larger. Default 1572864. */
  readonly maxRequestBytes?: number | undefined;
  /** Streams of one connection at a time. Default no bound that clients are told. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Milliseconds between two pings of a client, on average. Default 5 s. */
  readonly keepaliveMinTimeMs?: number | undefined;
  /** Milliseconds of silence before a client is pinged. Default two hours. */
  readonly keepaliveIntervalMs?: number | undefined;
  /** Milliseconds that it then has to answer. Default 20 s. */
  readonly keepaliveTimeoutMs?: number | undefined;
}
