/** Users and roles. Only what needs no user; the rest is under {@link Client.unary} by now. */
import type { messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";

/** What `client.auth` offers. */
export class Auth {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Whether users are asked who they are. */
  status(): Promise<messages.AuthStatusResponse> {
    return this.#calls.unary("authStatus", {});
  }
}
