/** Service grpc.health.v1.Health, of the whole server only. */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { StreamInput, StreamOutput } from "../../wire/index.ts";
import { asStreamError } from "./refusal.ts";

/** The name under which etcd registers itself. Source: etcd v3rpc/health.go. */
const WHOLE_SERVER = "";
const { ServingStatus } = messages;

export function checkHealth(bytes: Uint8Array): Uint8Array {
  const { service } = messages.decodeHealthCheckRequest(bytes);
  // Source: google.golang.org/grpc health/server.go, Check.
  if (service !== WHOLE_SERVER) throw new EtcdError(STATUS.notFound, "unknown service");
  return messages.encodeHealthCheckResponse({ status: ServingStatus.serving });
}

export function listHealth(bytes: Uint8Array): Uint8Array {
  messages.decodeHealthListRequest(bytes);
  const statuses = new Map([[WHOLE_SERVER, { status: ServingStatus.serving }]]);
  return messages.encodeHealthListResponse({ statuses });
}

/** Says how things stand, and would again if that changed: it never does while the server runs. */
export class HealthWatch implements StreamInput {
  readonly #output: StreamOutput;

  constructor(output: StreamOutput) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    try {
      const { service } = messages.decodeHealthCheckRequest(bytes);
      const status =
        service === WHOLE_SERVER ? ServingStatus.serving : ServingStatus.serviceUnknown;
      this.#output.write(messages.encodeHealthCheckResponse({ status }));
    } catch (error) {
      this.#output.end(asStreamError(error));
    }
  }

  end(): void {
    // Stays open until the caller goes.
  }

  cancel(): void {
    // Nothing is held.
  }

  drained(): void {
    // Nothing waits.
  }
}
