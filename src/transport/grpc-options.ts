/** Largest write request, bytes. Source: etcd server/embed/config.go, DefaultMaxRequestBytes. */
const REQUEST_BYTES_MAX = 1_572_864;

/** What a message may be larger than a request. Source: etcd api/v3rpc/grpc.go, grpcOverheadBytes. */
const MESSAGE_OVERHEAD_BYTES = 512 * 1024;

/** What a server of gRPC grants its clients, whichever of the two it is. */
export interface GrpcOptions {
  /** Largest write request, bytes. Default {@link REQUEST_BYTES_MAX}. */
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

/** Largest message that a client may send, bytes. */
export function messageBytesMax({ maxRequestBytes = REQUEST_BYTES_MAX }: GrpcOptions): number {
  return maxRequestBytes + MESSAGE_OVERHEAD_BYTES;
}
