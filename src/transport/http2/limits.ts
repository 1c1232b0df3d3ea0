/**
 * What one connection may take of the server. Each bound names where it comes from, or why it is
 * what it is; what happens at it is said where it is used.
 */

/** Largest payload of a frame that is taken, bytes: the protocol's default. Source: RFC 9113, 6.5.2. */
export const FRAME_BYTES_MAX = 16_384;

/**
 * Size of a request's header list, bytes, each field counted with 32 more. Source: nghttp2,
 * NGHTTP2_MAX_HEADERSLEN. gRPC-Go takes 16 MiB, which one block of references can claim.
 */
export const HEADER_LIST_BYTES_MAX = 65_536;

/** CONTINUATION frames of one header block. Source: nghttp2, NGHTTP2_DEFAULT_MAX_CONTINUATIONS. */
export const CONTINUATION_FRAMES_MAX = 8;

/** The dynamic table of either direction, bytes: the protocol's default. Source: RFC 9113, 6.5.2. */
export const HEADER_TABLE_BYTES_MAX = 4096;

/** What a client may send on one stream ahead of being read, bytes. Half a large request's size. */
export const STREAM_RECEIVE_WINDOW_BYTES = 1024 * 1024;

/** What a client may send on all streams of a connection ahead of being read, bytes. */
export const CONNECTION_RECEIVE_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * Bytes of messages that have not all arrived, and of requests that wait for a blocked stream, on
 * one connection. Sixty-four requests of the largest size; the stream that passes it is ended.
 */
export const RECEIVED_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Answers that a stream holds for a client that does not read, bytes; with more, the channel is told
 * to wait. It may have given one message more than fits.
 */
export const STREAM_HELD_BYTES_MAX = 256 * 1024;

/** What a held message costs beside its bytes, so that empty ones are bounded too. */
export const HELD_MESSAGE_COST_BYTES = 64;

/** Answers that one connection holds, bytes; with more, new streams are refused. */
export const CONNECTION_HELD_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Bytes that may wait in the socket; with more, DATA waits in its stream instead, so that no other
 * stream waits behind it. Two of the kernel's default send buffers.
 */
export const SOCKET_QUEUE_BYTES_MAX = 256 * 1024;

/**
 * Bytes that may wait on a connection whose socket is full; with more, it is not read from until the
 * client reads.
 */
export const UNREAD_BYTES_MAX = 1024 * 1024;

/**
 * Answers to SETTINGS and PING, and resets, that wait in a full socket; one more closes the
 * connection. Source: golang.org/x/net/http2, maxQueuedControlFrames.
 */
export const CONTROL_FRAMES_MAX = 10_000;

/**
 * Frames that carry nothing (empty DATA, PRIORITY, SETTINGS, unknown ones), one after another; one
 * more closes the connection. A guess: no client known to us sends ten.
 */
export const EMPTY_FRAMES_MAX = 10_000;

/**
 * Streams that a client resets within {@link RAPID_RESET_AGE_MS}: so many at once, then so many a
 * second. Source: nghttp2, NGHTTP2_DEFAULT_STREAM_RESET_BURST and _RATE.
 */
export const RAPID_RESET_BURST = 1000;
export const RAPID_RESETS_PER_SECOND = 33;

/** Milliseconds after which a reset is a client's change of mind, and costs it nothing. */
export const RAPID_RESET_AGE_MS = 1000;

/**
 * SETTINGS of a client: so many at once, then so many a second; one more closes the connection. Each
 * may change the window of every open stream, which takes a millisecond with as many as there may be.
 * gRPC's clients send a dozen in a connection's life, while they find out how fast it is.
 */
export const SETTINGS_BURST = 100;
export const SETTINGS_PER_SECOND = 10;

/**
 * Streams open at a time, where no fewer are allowed; one more is refused. etcd has no bound; this
 * one is about 50 MB of streams.
 */
export const STREAMS_MAX = 100_000;

/** Buffers of 64 KiB that were written out and wait to be filled again, of all connections. */
export const SPARE_BUFFERS_MAX = 64;

/** Streams that are remembered as closed, to tell a late frame from a wrong one. */
export const CLOSED_STREAMS_REMEMBERED = 1024;

/** Pings that come too soon before a client is sent away. Source: gRPC-Go, maxPingStrikes. */
export const PING_STRIKES_MAX = 2;

/** Milliseconds between a client's pings. Source: etcd server/embed/config.go, DefaultGRPCKeepAliveMinTime. */
export const PING_INTERVAL_MS_MIN = 5000;

/** The same without a call under way. Source: gRPC-Go, http2_server.go, defaultPingTimeout. */
export const IDLE_PING_INTERVAL_MS_MIN = 2 * 60 * 60 * 1000;

/** Source: etcd server/embed/config.go, DefaultGRPCKeepAliveInterval and -Timeout. */
export const KEEPALIVE_INTERVAL_MS = 2 * 60 * 60 * 1000;
export const KEEPALIVE_TIMEOUT_MS = 20_000;

/** Milliseconds to a client's first SETTINGS. Source: gRPC-Go, server.go, connectionTimeout. */
export const HANDSHAKE_TIMEOUT_MS = 120_000;

/** Milliseconds between the two GOAWAYs. Source: gRPC-Go, http2_server.go, outgoingGoAwayHandler. */
export const GOAWAY_DELAY_MS = 5000;

/** Milliseconds that a client has to take the last bytes, before its connection is cut. */
export const LAST_WORDS_MS = 1000;
