/**
 * Service grpc.health.v1.Health, of the whole server only.
 *
 * It serves as long as it runs, but, where asked for, not while it is defragmented: calls go on all the
 * same, and clients that look at health go elsewhere.
 * Source: etcd server/etcdserver/api/v3rpc/health.go; google.golang.org/grpc health/server.go.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { Logger, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { Feature } from "../server-options.ts";
import { asStreamError } from "./refusal.ts";

/** The name under which etcd registers itself. Source: etcd v3rpc/health.go. */
const WHOLE_SERVER = "";
const { ServingStatus } = messages;
type Status = (typeof ServingStatus)["serving" | "notServing"];

export class Health {
  readonly #logger: Logger;
  readonly #stopsOnDefragment: boolean;
  readonly #watches = new Set<HealthWatch>();
  #status: Status = ServingStatus.serving;

  constructor(logger: Logger, features: readonly Feature[] = []) {
    this.#logger = logger;
    this.#stopsOnDefragment = features.some(
      ({ name, isEnabled }) => name === "StopGRPCServiceOnDefrag" && isEnabled,
    );
  }

  check(bytes: Uint8Array): Uint8Array {
    const { service } = messages.decodeHealthCheckRequest(bytes);
    if (service !== WHOLE_SERVER) throw new EtcdError(STATUS.notFound, "unknown service");
    return messages.encodeHealthCheckResponse({ status: this.#status });
  }

  list(bytes: Uint8Array): Uint8Array {
    messages.decodeHealthListRequest(bytes);
    const statuses = new Map([[WHOLE_SERVER, { status: this.#status }]]);
    return messages.encodeHealthListResponse({ statuses });
  }

  /** Says how things stand, and again when that changes. */
  watch(output: StreamOutput): StreamInput {
    return new HealthWatch(output, this.#watches, () => this.#status);
  }

  defragmentStarted(): void {
    if (!this.#stopsOnDefragment) return;
    const status = "NOT_SERVING";
    const reason = "defrag is active";
    this.#logger.warn("grpc service status changed", { service: WHOLE_SERVER, status, reason });
    this.#set(ServingStatus.notServing);
  }

  defragmentFinished(): void {
    if (!this.#stopsOnDefragment) return;
    const status = "SERVING";
    this.#logger.info("grpc service status changed", { service: WHOLE_SERVER, status });
    this.#set(ServingStatus.serving);
  }

  #set(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const watch of this.#watches) watch.tell(status);
  }
}

/** What it has not been able to send yet is one message for each defragmentation. */
class HealthWatch implements StreamInput {
  readonly #output: StreamOutput;
  readonly #watches: Set<HealthWatch>;
  readonly #status: () => Status;

  constructor(output: StreamOutput, watches: Set<HealthWatch>, status: () => Status) {
    this.#output = output;
    this.#watches = watches;
    this.#status = status;
  }

  write(bytes: Uint8Array): void {
    try {
      const { service } = messages.decodeHealthCheckRequest(bytes);
      if (service === WHOLE_SERVER) {
        this.#watches.add(this);
        this.tell(this.#status());
      } else this.tell(ServingStatus.serviceUnknown);
    } catch (error) {
      this.#output.end(asStreamError(error));
    }
  }

  tell(status: number): void {
    this.#output.write(messages.encodeHealthCheckResponse({ status }));
  }

  end(): void {
    // Stays open until the caller goes.
  }

  cancel(): void {
    this.#watches.delete(this);
  }

  drained(): void {
    // Nothing waits.
  }
}
