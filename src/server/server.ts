/**
 * The server: finds who answers a method, and owns the parts that do.
 *
 * It is a Channel: a transport hands it calls, and a client may call it in the same process.
 */
import type { Mark, Store } from "../mvcc/index.ts";
import { META, encodeNumber } from "../mvcc/index.ts";
import { EtcdError, PendingAnswer, messages } from "../wire/index.ts";
import type {
  AnswerListener,
  CallContext,
  Channel,
  Clock,
  HttpPages,
  HttpReply,
  HttpRequest,
  StreamInput,
  StreamMethod,
  StreamOutput,
  UnaryMethod,
} from "../wire/index.ts";
import { Alarms } from "./alarms.ts";
import { AutoCompactor } from "./auto-compactor.ts";
import type { AuthGate } from "./auth/auth-gate.ts";
import { TokenAhead } from "./auth/simple-tokens.ts";
import { Authentication } from "./authentication.ts";
import { CallCounts } from "./call-counts.ts";
import { CallTimes } from "./call-times.ts";
import { Figures } from "./figures.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Compactor } from "./compactor.ts";
import { CountedStream } from "./counted-stream.ts";
import { answerAfter, unaryHandlers } from "./handlers.ts";
import type { Answer, UnaryHandler } from "./handlers.ts";
import { IdGenerator } from "./id-generator.ts";
import { LeaseCheckpointer } from "./lease-checkpointer.ts";
import { Member, newIdentity, nextTerm } from "./member.ts";
import type { MetricsSources } from "./metrics/sources.ts";
import { ObservedChannel } from "./observed-channel.ts";
import { Pages } from "./pages.ts";
import { Patience } from "./patience.ts";
import { Quota } from "./quota.ts";
import { ClusterService } from "./rpc/cluster.ts";
import { ElectionService } from "./rpc/election.ts";
import { Health } from "./rpc/health.ts";
import { KvService } from "./rpc/kv.ts";
import { LeaseService } from "./rpc/lease.ts";
import { LockService } from "./rpc/lock.ts";
import { MaintenanceService } from "./rpc/maintenance.ts";
import { OwnChannel } from "./rpc/own-calls.ts";
import { RangeStream } from "./rpc/range-stream.ts";
import { ReflectionStream } from "./rpc/reflection-stream.ts";
import { asEtcdError } from "./rpc/refusal.ts";
import { SnapshotStream } from "./rpc/snapshot-stream.ts";
import { WatchStream } from "./rpc/watch.ts";
import { SlowCalls } from "./slow-calls.ts";
import { reserveIndexes } from "./reserved-index.ts";
import type { ServerOptions } from "./server-options.ts";
import { Ticker } from "./ticker.ts";

/** Where a client says its version. Source: etcd api/v3rpc/rpctypes/metadatafields.go. */
const CLIENT_VERSION_KEY = "client-api-version";

/** A response may be this much larger than a request before a watcher that allows it gets pieces. */
const FRAGMENT_OVERHEAD_BYTES = 512 * 1024;

/** What a server starts with. */
interface StartState {
  readonly member: Member;
  readonly alarms: Alarms;
  readonly reservedIndex: number;
  readonly authentication: Authentication;
}

export class Server implements Channel, HttpPages {
  readonly member: Member;
  readonly counts: CallCounts = new CallCounts();
  readonly slow: SlowCalls;
  /** This server, for who calls it by a wire: with all that is measured of such calls. */
  readonly channel: Channel;
  readonly gate: AuthGate;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #options: ServerOptions;
  readonly #queue: CommitQueue;
  readonly #authentication: Authentication;
  readonly #compactor: Compactor;
  readonly #figures: Figures;
  readonly #autoCompactor: AutoCompactor | undefined;
  readonly #leaseCheckpointer: LeaseCheckpointer | undefined;
  readonly #ticker: Ticker;
  readonly #lease: LeaseService;
  readonly #health: Health;
  readonly #own: OwnChannel;
  readonly #election: ElectionService;
  readonly #pages: Pages;
  readonly #unary: Record<UnaryMethod, UnaryHandler>;
  /** Those that are open. */
  readonly #streams = new Set<CountedStream>();
  /** By method: count the answers that come later. */
  readonly #counters: Record<UnaryMethod, AnswerListener>;
  #closed = false;

  /** Takes up the store: makes or reads the member's identity and begins its next term. */
  static async start(store: Store, options: ServerOptions): Promise<Server> {
    const rows = await store.readTable("alarm");
    const alarms = new Alarms(rows.map(([, value]) => messages.decodeAlarmMember(value)));
    const { member, reservedIndex } = await beginTerm(store, options);
    const authentication = await Authentication.open(store, options);
    return new Server(store, { member, alarms, reservedIndex, authentication }, options);
  }

  private constructor(store: Store, state: StartState, options: ServerOptions) {
    const { member, alarms, reservedIndex, authentication } = state;
    const { clock, logger } = options;
    this.#store = store;
    this.member = member;
    this.#clock = clock;
    this.#options = options;
    this.slow = new SlowCalls(clock, logger, options.slow);
    const applyState = { member, alarms, lessor: store.lessor, auth: authentication.store };
    const figures = new Figures(clock);
    const queue = new CommitQueue(store, applyState, {
      logger,
      figures,
      patience: new Patience(clock, options.requestTimeoutMs),
      slow: this.slow,
      reservedIndex,
    });
    const quota = new Quota({ store, queue, member, logger }, options.limits.quotaBytes);
    const compactor = new Compactor(
      { store, queue, clock, logger, figures },
      { ...options.compaction, quotaBytes: options.limits.quotaBytes },
    );
    this.#queue = queue;
    this.#authentication = authentication;
    const { gate, service: auth } = authentication.connect(queue);
    this.gate = gate;
    this.#compactor = compactor;
    this.#figures = figures;
    this.#ticker = new Ticker({ store, queue, clock, logger, figures });
    const ids = new IdGenerator(member.memberId, options.wallClockMs);
    const { limits, leaseTtlMin: ttlMin } = options;
    const health = new Health(logger, options.features);
    this.#health = health;
    const shared = { store, queue, gate, member, quota, figures };
    const kv = new KvService({ ...shared, limits, compactor });
    this.#lease = new LeaseService({ store, queue, gate, member, clock, quota, ids, ttlMin });
    const maintenance = new MaintenanceService({ ...shared, alarms, health });
    this.#own = new OwnChannel({
      unary: (method, request, context) => this.#answer(method, request, context),
      watch: (context, output) => this.#openStream("watch", context, output),
    });
    this.#election = new ElectionService(this.#own);
    const times = options.metrics === "extensive" ? new CallTimes(clock) : undefined;
    this.channel = times === undefined ? this : new ObservedChannel(this, times);
    this.#pages = new Pages(this.#sources({ queue, alarms, quota, figures, times }));
    this.#unary = unaryHandlers({
      kv,
      lease: this.#lease,
      cluster: new ClusterService(member, queue, gate),
      maintenance,
      auth,
      lock: new LockService(this.#own),
      election: this.#election,
      health,
    });
    this.#counters = this.#answerCounters();
    this.#autoCompactor = autoCompactor({ store, queue, compactor, clock, logger }, options);
    this.#autoCompactor?.start();
    if (options.leaseCheckpoint) {
      this.#leaseCheckpointer = new LeaseCheckpointer({ store, queue, clock, logger });
      this.#leaseCheckpointer.start();
    }
    this.#ticker.start();
    // Goes on with a compaction that a stop has interrupted; never rejects.
    void compactor.start();
  }

  #sources(
    parts: Pick<MetricsSources, "queue" | "alarms" | "quota" | "figures" | "times">,
  ): MetricsSources {
    const { features = [], wallClockMs } = this.#options;
    const startMs = this.#clock.nowMs();
    const unixSeconds = (ms: number): number => (wallClockMs + ms - startMs) / 1000;
    const { counts, member, slow } = this;
    const { store: auth } = this.#authentication;
    return { ...parts, slow, auth, store: this.#store, counts, member, features, unixSeconds };
  }

  unary(method: UnaryMethod, request: Uint8Array, context: CallContext): Answer {
    const counts = this.counts.of(method);
    counts.started++;
    counts.received++;
    this.counts.receivedBytes += request.length;
    this.counts.came("unary", context.metadata(CLIENT_VERSION_KEY));
    try {
      if (this.#closed) throw new EtcdError("stopped");
      const answer = this.#answer(method, request, context);
      if (answer instanceof Uint8Array) {
        this.counts.answered(method, answer);
        return answer;
      }
      if (!(answer instanceof PendingAnswer)) return this.#counted(method, request, answer);
      answer.observe(this.#counters[method]);
      return answer;
    } catch (error) {
      throw this.#refusal(method, error);
    }
  }

  #answer(method: UnaryMethod, request: Uint8Array, context: CallContext): Answer {
    const handler = this.#unary[method];
    try {
      return handler(request, context);
    } catch (error) {
      if (!(error instanceof TokenAhead)) throw error;
      // Nothing has been done yet: it is asked again when its token can be looked at.
      return answerAfter(this.#queue.applied(error.index), handler, request, context);
    }
  }

  stream(method: StreamMethod, context: CallContext, output: StreamOutput): StreamInput {
    this.counts.came("stream", context.metadata(CLIENT_VERSION_KEY));
    const stream = new CountedStream(method, output, this.counts, (over) => {
      this.#streams.delete(over);
    });
    this.#streams.add(stream);
    // Nobody answers any more, and the end is not told before the caller has its input.
    if (this.#closed) queueMicrotask(() => stream.stop());
    else stream.attach(this.#openStream(method, context, stream.output));
    return stream;
  }

  page(request: HttpRequest): HttpReply | Promise<HttpReply> {
    return this.#pages.page(request);
  }

  /** What is in the store once all that was applied is on disk. Rejects with EtcdError. */
  async mark(): Promise<Mark> {
    return this.#queue.read(() => this.#store.mark());
  }

  /**
   * Brings keys and leases back to what a mark of this store has, and answers the revision that it is
   * then at: that of now, if nothing differs. Rejects with EtcdError.
   */
  async reset(mark: Mark): Promise<number> {
    const command = { type: "reset", mark, nowMs: this.#clock.nowMs() } as const;
    const { header } = messages.decodeCompactionResponse(await this.#queue.submit(command));
    return header!.revision;
  }

  /** Why nothing can be written any more; undefined while all is well. */
  get failure(): EtcdError | undefined {
    return this.#queue.failure;
  }

  /**
   * Ends streams, takes no more calls, and waits for the writes in line. The store's engine stays
   * open.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ticker.close();
    this.#autoCompactor?.close();
    this.#leaseCheckpointer?.close();
    this.#store.stopLongReads();
    for (const stream of this.#streams) stream.stop();
    await this.#own.close();
    await this.#authentication.close();
    await this.#compactor.close();
    await this.#queue.close();
    await this.#store.close();
  }

  #answerCounters(): Record<UnaryMethod, AnswerListener> {
    const counters = Object.keys(this.#unary).map((name): [string, AnswerListener] => {
      // The keys of the handlers are all methods there are.
      const method = name as UnaryMethod;
      const answered = (response: Uint8Array): void => this.counts.answered(method, response);
      // The queue refuses with EtcdError only.
      const refused = (error: unknown): void => {
        this.counts.refused(method, asEtcdError(error).code);
      };
      return [method, { answered, refused }];
    });
    return Object.fromEntries(counters) as Record<UnaryMethod, AnswerListener>;
  }

  async #counted(
    method: UnaryMethod,
    request: Uint8Array,
    answer: PromiseLike<Uint8Array>,
  ): Promise<Uint8Array> {
    const sinceMs = this.#clock.nowMs();
    try {
      const response = await answer;
      this.slow.called(method, request, sinceMs, response);
      this.counts.answered(method, response);
      return response;
    } catch (error) {
      throw this.#refusal(method, error);
    }
  }

  #refusal(method: UnaryMethod, error: unknown): EtcdError {
    const refusal = asEtcdError(error);
    if (refusal !== error)
      this.#options.logger.error("call failed", { method, error: refusal.message });
    this.counts.refused(method, refusal.code);
    return refusal;
  }

  #openStream(
    method: StreamMethod,
    context: CallContext,
    output: Required<StreamOutput>,
  ): StreamInput {
    switch (method) {
      case "watch":
        return this.#openWatch(context, output);
      case "rangeStream": {
        const chunkBytes = this.#options.limits.maxRequestBytes;
        const parts = { store: this.#store, member: this.member, gate: this.gate, chunkBytes };
        return new RangeStream(parts, context, output);
      }
      case "leaseKeepAlive":
        return this.#lease.keepAlive(context, output);
      case "snapshot":
        return this.#openSnapshot(context, output);
      case "observe":
        return this.#election.observe(context, output);
      case "healthWatch":
        return this.#health.watch(output);
      case "reflection":
      case "oldReflection":
        return new ReflectionStream(output);
    }
  }

  #openSnapshot(context: CallContext, output: StreamOutput): SnapshotStream {
    const { logger } = this.#options;
    const parts = {
      store: this.#store,
      queue: this.#queue,
      member: this.member,
      gate: this.gate,
      figures: this.#figures,
      logger,
    };
    return new SnapshotStream(parts, context, output);
  }

  #openWatch(context: CallContext, output: Required<StreamOutput>): WatchStream {
    const { limits, watchProgressIntervalMs, random } = this.#options;
    return new WatchStream(
      { store: this.#store, member: this.member, clock: this.#clock, gate: this.gate },
      context,
      {
        progressIntervalMs: watchProgressIntervalMs,
        progressJitter: random(),
        fragmentBytes: limits.maxRequestBytes + FRAGMENT_OVERHEAD_BYTES,
      },
      output,
    );
  }
}

function autoCompactor(
  parts: ConstructorParameters<typeof AutoCompactor>[0],
  { autoCompaction }: ServerOptions,
): AutoCompactor | undefined {
  return autoCompaction === undefined ? undefined : new AutoCompactor(parts, autoCompaction);
}

/** Reads the member's identity, or makes it from the options, and notes that a new term begins. */
async function beginTerm(
  store: Store,
  options: ServerOptions,
): Promise<{ member: Member; reservedIndex: number }> {
  const { identity } = store;
  const isNew = identity.memberId === undefined || identity.clusterId === undefined;
  const ids = isNew
    ? newIdentity(options.peerUrls, options.clusterToken)
    : { memberId: identity.memberId, clusterId: identity.clusterId };
  const term = nextTerm(identity.term);
  const txn = store.begin();
  txn.putRecord(META.term, encodeNumber(term));
  if (isNew) txn.putIdentity(ids);
  const reservedIndex = reserveIndexes(txn, identity.reservedIndex);
  await txn.commit();
  store.setRecordsApart();
  const { name, clientUrls } = options;
  const peerUrls = identity.peerUrls ?? options.peerUrls;
  const member = new Member({ ...ids, term }, { name, peerUrls, clientUrls });
  return { member, reservedIndex };
}
