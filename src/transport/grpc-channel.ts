/**
 * A wire {@link Channel} to a server far away, through @grpc/grpc-js. The library is loaded when a
 * channel is made and not before.
 */
import type {
  ChannelCredentials,
  ChannelOptions,
  Client,
  ClientDuplexStream,
  Metadata,
  ServiceError,
  StatusObject,
} from "@grpc/grpc-js";
import {
  EMPTY_CONTEXT,
  EtcdError,
  SINGLE_REQUEST_METHODS,
  STATUS,
  STREAM_METHODS,
  UNARY_METHODS,
} from "../wire/index.ts";
import type {
  CallContext,
  Channel,
  StatusCode,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../wire/index.ts";

type GrpcJs = typeof import("@grpc/grpc-js");

/** What a {@link CallContext} is asked for and passed on of; it cannot be asked for all it has. */
const FORWARDED_METADATA = ["token", "authorization", "hasleader", "client-api-version"] as const;

/**
 * Milliseconds between attempts to connect. grpc-js waits a second and up to two minutes; a single
 * server that restarts is back sooner.
 */
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 3_000;

/** What the server may send ahead of being read, bytes: on a stream, and in all. */
const RECEIVE_WINDOW_BYTES = 1024 * 1024;

/** What {@link GrpcChannel.connect} takes. */
export interface GrpcChannelOptions {
  /** Sent with every call, names in lower case. What a call's context says goes before it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** For `https` and `unixs`; left out, the server is held against the authorities of Node.js. */
  readonly tls?: ClientTlsOptions | undefined;
}

/** Whom a client trusts, and who it is itself: PEM, not files. */
export interface ClientTlsOptions {
  /** Authorities of which one has to have certified the server. Default those of Node.js. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate and its key: both or neither. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name that the server's certificate has to have. Default that of the URL. */
  readonly serverName?: string | undefined;
  /** False takes any certificate of the server: it is then as good as none. Default true. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** Calls under way, so that closing can end them. */
interface Cancelable {
  cancel(): void;
}

/**
 * Calls over HTTP/2. A call that fails on the way is refused like any other, mostly with code 14.
 *
 * With several URLs each call takes the next one that is not known to be down.
 */
export class GrpcChannel implements Channel {
  readonly #grpc: GrpcJs;
  readonly #clients: readonly Client[];
  readonly #metadata: Metadata;
  readonly #calls = new Set<Cancelable>();
  #nextClient = 0;
  #closed = false;

  private constructor(grpc: GrpcJs, urls: readonly string[], options: GrpcChannelOptions) {
    this.#grpc = grpc;
    this.#metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(options.metadata ?? {})) {
      this.#metadata.set(name, value);
    }
    const { tls = {} } = options;
    this.#clients = urls.map((url) => {
      const { target, isSecure } = targetOf(url);
      const credentials = isSecure ? secure(grpc, tls) : grpc.credentials.createInsecure();
      return new grpc.Client(target, credentials, channelOptions(tls));
    });
  }

  /**
   * Makes a channel to `http://host:port` or `unix://path`, or by TLS to `https://host:port` or
   * `unixs://path`; the connection is made with the first call. Throws for other URLs.
   */
  static async connect(
    urls: string | readonly string[],
    options: GrpcChannelOptions = {},
  ): Promise<GrpcChannel> {
    const list = typeof urls === "string" ? [urls] : urls;
    if (list.length === 0) throw new Error("Cannot connect: no URL given");
    return new GrpcChannel(await import("@grpc/grpc-js"), list, options);
  }

  unary(method: UnaryMethod, request: Uint8Array, context: CallContext): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const client = this.#client();
      const call = client.makeUnaryRequest(
        UNARY_METHODS[method],
        asBuffer,
        asIs,
        request,
        this.#metadataOf(context),
        (error: ServiceError | null, answer?: Buffer) => {
          this.#calls.delete(call);
          context.signal?.removeEventListener("abort", cancel);
          if (error !== null) reject(refusalOf(error));
          else resolve(answer ?? EMPTY);
        },
      );
      const cancel = (): void => call.cancel();
      this.#calls.add(call);
      if (context.signal?.aborted === true) setImmediate(cancel);
      else context.signal?.addEventListener("abort", cancel);
    });
  }

  /** What is written to the stream faster than the server reads it is held without a bound. */
  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    const call = this.#client().makeBidiStreamRequest(
      STREAM_METHODS[method],
      asBuffer,
      asIs,
      this.#metadataOf(context),
    );
    this.#calls.add(call);
    call.once("status", () => this.#calls.delete(call));
    return new ClientStream({ call, output, single: SINGLE_REQUEST_METHODS.has(method) });
  }

  /** Closes the connections. Calls under way are refused with code 1, later ones with code 14. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    for (const client of this.#clients) client.close();
  }

  #client(): Client {
    if (this.#closed) throw new EtcdError(STATUS.unavailable, "The channel is closed");
    const { TRANSIENT_FAILURE } = this.#grpc.connectivityState;
    const count = this.#clients.length;
    const first = this.#nextClient;
    this.#nextClient = (first + 1) % count;
    for (let offset = 0; offset < count; offset++) {
      const client = this.#clients[(first + offset) % count];
      if (client === undefined) break;
      // Asking also makes it try again.
      if (count === 1 || client.getChannel().getConnectivityState(true) !== TRANSIENT_FAILURE) {
        return client;
      }
    }
    const [anyone] = this.#clients;
    if (anyone === undefined) throw new Error("Cannot call: the channel has no URL");
    return anyone;
  }

  #metadataOf(context: CallContext): Metadata {
    const metadata = this.#metadata.clone();
    if (context === EMPTY_CONTEXT) return metadata;
    for (const name of FORWARDED_METADATA) {
      const value = context.metadata(name);
      if (value !== undefined) metadata.set(name, value);
    }
    return metadata;
  }
}

/**
 * A stream on the client's side. grpc-js tells a stream's status before what it has buffered has
 * been read, so the end waits for both: all messages, then the status.
 */
class ClientStream implements StreamInput {
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;
  readonly #output: StreamOutput;
  readonly #single: boolean;
  #status: StatusObject | undefined;
  #allRead = false;
  #over = false;
  /** In the turn in which the call began: cancelled in it, grpc-js keeps the connection for ever. */
  #isNew = true;

  constructor(options: {
    call: ClientDuplexStream<Uint8Array, Buffer>;
    output: StreamOutput;
    single: boolean;
  }) {
    this.#call = options.call;
    this.#output = options.output;
    this.#single = options.single;
    this.#call.on("data", (message: Buffer) => this.#take(message));
    this.#call.once("end", () => {
      this.#allRead = true;
      this.#finish();
    });
    this.#call.once("status", (status: StatusObject) => {
      this.#status = status;
      this.#finish();
    });
    // The same is said by the status.
    this.#call.on("error", () => undefined);
    setImmediate(() => {
      this.#isNew = false;
    });
  }

  write(message: Uint8Array): void {
    if (this.#over || this.#call.writableEnded) return;
    this.#call.write(message);
    // A server that expects one request may wait for the end of them before it answers.
    if (this.#single) this.#call.end();
  }

  end(): void {
    if (!this.#over && !this.#call.writableEnded) this.#call.end();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#isNew) setImmediate(() => this.#call.cancel());
    else this.#call.cancel();
  }

  drained(): void {
    if (!this.#over) this.#call.resume();
  }

  #take(message: Buffer): void {
    if (this.#over) return;
    if (!this.#output.write(message)) this.#call.pause();
  }

  #finish(): void {
    if (this.#over || !this.#allRead || this.#status === undefined) return;
    this.#over = true;
    const { code } = this.#status;
    this.#output.end(code === STATUS.ok ? undefined : refusalOf(this.#status));
  }
}

const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc-node.flow_control_window": RECEIVE_WINDOW_BYTES,
  "grpc.initial_reconnect_backoff_ms": RECONNECT_MS_MIN,
  "grpc.max_reconnect_backoff_ms": RECONNECT_MS_MAX,
  // A channel shares nothing with others of the process, and does nothing that was not asked for.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
};

const EMPTY = new Uint8Array(0);

function secure(
  grpc: GrpcJs,
  { ca, cert, key, rejectUnauthorized = true }: ClientTlsOptions,
): ChannelCredentials {
  const [root, ownKey, ownCert] = [ca, key, cert].map((pem) =>
    pem === undefined ? null : Buffer.from(pem),
  );
  return grpc.credentials.createSsl(root, ownKey, ownCert, { rejectUnauthorized });
}

function channelOptions({ serverName }: ClientTlsOptions): ChannelOptions {
  if (serverName === undefined) return CHANNEL_OPTIONS;
  return { ...CHANNEL_OPTIONS, "grpc.ssl_target_name_override": serverName };
}

function targetOf(url: string): { readonly target: string; readonly isSecure: boolean } {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.+)$/su.exec(url) ?? [];
  switch (scheme) {
    case "http":
    case "https":
      return { target: `dns:${rest.replace(/\/$/u, "")}`, isSecure: scheme === "https" };
    case "unix":
    case "unixs":
      return { target: `unix:${rest}`, isSecure: scheme === "unixs" };
    default:
      throw new Error(`URL scheme must be http, https, unix, or unixs: ${url}`);
  }
}

function refusalOf(status: { readonly code: number; readonly details: string }): EtcdError {
  // A code that gRPC does not know stays what it is: the text says more.
  return new EtcdError(status.code as StatusCode, status.details);
}

function asBuffer(message: Uint8Array): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

function asIs(message: Buffer): Buffer {
  return message;
}
