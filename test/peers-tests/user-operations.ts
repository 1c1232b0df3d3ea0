/** What the differential test of users does to a server, one step at a time, each step as somebody. */
import type { Client, UnaryRequest } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import type { UnaryMethod } from "../../src/wire/index.ts";
import { FEW_KEYS, RandomRequests } from "../harness/random-operations.ts";
import type { Random, StoreState } from "../harness/random-operations.ts";

/** Tokens at a time: an old one is kept until another takes its place, however bad it has become. */
export const TOKEN_COUNT = 8;

/** By which token a step is taken; `none` and `bad` are always the same. */
export type Actor = number | "none" | "bad";

/** One step; it holds all that is needed to do it again. */
export type UserStep =
  | {
      readonly kind: "unary";
      readonly actor: Actor;
      readonly name: UnaryMethod;
      readonly request: object;
      send(client: Client): Promise<object>;
    }
  | {
      readonly kind: "login";
      readonly actor: Actor;
      /** Where the token is kept. */
      readonly place: number;
      readonly request: messages.AuthenticateRequestInit;
    }
  | {
      readonly kind: "watch" | "rangeStream" | "keepAlive";
      readonly actor: Actor;
      readonly request: object;
    }
  | { readonly kind: "restart"; readonly actor: "none"; readonly request: object };

const USERS = ["root", "ann", "bob", "cid", "dan"];
const ROLES = ["r1", "r2", "r3", "root"];
const PASSWORDS = ["p", "q"];
const NAMES_MAX_PERCENT = 3;

/** How often each kind of step is taken. */
const WEIGHTS = {
  login: 12,
  range: 12,
  put: 14,
  deleteRange: 4,
  txn: 12,
  leaseGrant: 3,
  leaseRevoke: 3,
  leaseTimeToLive: 3,
  leaseLeases: 1,
  keepAlive: 2,
  watch: 5,
  rangeStream: 4,
  lock: 1.5,
  unlock: 1,
  campaign: 1.5,
  proclaim: 1,
  leader: 1.5,
  resign: 1,
  authEnable: 3,
  authDisable: 0.4,
  authStatus: 1,
  userAdd: 4,
  userGet: 2,
  userList: 0.6,
  userDelete: 1.2,
  userChangePassword: 1.5,
  userGrantRole: 5,
  userRevokeRole: 1.5,
  roleAdd: 3,
  roleGet: 2,
  roleList: 0.6,
  roleDelete: 0.8,
  roleGrantPermission: 9,
  roleRevokePermission: 3,
  hashKV: 0.4,
  alarm: 0.4,
  restart: 0.05,
} as const;

/** What comes before all others: authentication is on, with root behind the first token. */
export const FIRST_STEPS: readonly UserStep[] = [
  call("userAdd", "none", { name: "root", password: "p" }),
  call("userGrantRole", "none", { user: "root", role: "root" }),
  call("roleAdd", "none", { name: "r1" }),
  call("userAdd", "none", { name: "ann", password: "p" }),
  call("userGrantRole", "none", { user: "ann", role: "r1" }),
  call("authEnable", "none", {}),
  { kind: "login", actor: "none", place: 0, request: { name: "root", password: "p" } },
];

/** Makes steps one after another; `state` is read each time. */
export class RandomUserSteps {
  readonly #random: Random;
  readonly #requests: RandomRequests;

  constructor(random: Random, state: Readonly<StoreState>) {
    this.#random = random;
    this.#requests = new RandomRequests(random, FEW_KEYS, state);
  }

  /**
   * Without ranges that end before they begin: nothing is in them, and whether etcd denies them goes by
   * the shape of its tree of permissions.
   */
  next(): UserStep {
    for (;;) {
      const step = this.#any();
      if (!isBackward(step.request)) return step;
    }
  }

  #any(): UserStep {
    const random = this.#random;
    const actor = this.#actor();
    const kind = random.weighted(WEIGHTS);
    if (kind === "restart") return { kind, actor: "none", request: {} };
    if (kind === "login") {
      const request = { name: this.#user(), password: random.pick(PASSWORDS) };
      return { kind, actor, place: random.below(TOKEN_COUNT), request };
    }
    if (kind === "watch") {
      const { key, rangeEnd } = this.#requests.watchCreate();
      return { kind, actor, request: { key, rangeEnd } };
    }
    if (kind === "rangeStream") {
      const { key, rangeEnd } = this.#requests.range();
      return { kind, actor, request: { key, rangeEnd } };
    }
    if (kind === "keepAlive") return { kind, actor, request: { id: this.#requests.leaseId() } };
    return this.#call(kind, actor);
  }

  #call(
    kind: Exclude<
      keyof typeof WEIGHTS,
      "restart" | "login" | "watch" | "rangeStream" | "keepAlive"
    >,
    actor: Actor,
  ): UserStep {
    const requests = this.#requests;
    const id = requests.leaseId();
    switch (kind) {
      case "range":
        return call(kind, actor, requests.range());
      case "put":
        return call(kind, actor, requests.put());
      case "deleteRange":
        return call(kind, actor, requests.deleteRange());
      case "txn":
        return call(kind, actor, requests.txn());
      case "leaseGrant":
        return call(kind, actor, { id, ttl: requests.leaseTtl() });
      case "leaseRevoke":
        return call(kind, actor, { id });
      case "leaseTimeToLive":
        return call(kind, actor, { id, keys: this.#random.percent(60) });
      case "leaseLeases":
      case "authEnable":
      case "authDisable":
      case "authStatus":
      case "userList":
      case "roleList":
      case "hashKV":
        return call(kind, actor, {});
      case "alarm":
        return call(kind, actor, { action: this.#random.pick([0, 2]), alarm: 1 });
      case "lock":
      case "unlock":
      case "campaign":
      case "proclaim":
      case "leader":
      case "resign":
        return this.#concurrency(kind, actor, id);
      case "userAdd":
      case "userGet":
      case "userDelete":
      case "userChangePassword":
      case "userGrantRole":
      case "userRevokeRole":
        return this.#userCall(kind, actor);
      case "roleAdd":
      case "roleGet":
      case "roleDelete":
      case "roleGrantPermission":
      case "roleRevokePermission":
        return this.#roleCall(kind, actor);
    }
  }

  /** A name for each lease, so that nobody waits for another. */
  #concurrency(
    kind: "lock" | "unlock" | "campaign" | "proclaim" | "leader" | "resign",
    actor: Actor,
    lease: bigint,
  ): UserStep {
    const name = Buffer.from(`${this.#random.pick(["a", "b", "ab"])}/${String(lease)}`);
    const key = Buffer.from(`${name.toString()}/${lease.toString(16)}`);
    const leader = { name, key, rev: this.#requests.revision(), lease };
    const value = Buffer.from(this.#random.pick(["one", "two"]));
    switch (kind) {
      case "lock":
        return call(kind, actor, { name, lease });
      case "unlock":
        return call(kind, actor, { key });
      case "campaign":
        return call(kind, actor, { name, lease, value });
      case "proclaim":
        return call(kind, actor, { leader, value });
      case "leader":
        return call(kind, actor, { name });
      case "resign":
        return call(kind, actor, { leader });
    }
  }

  #userCall(
    kind:
      | "userAdd"
      | "userGet"
      | "userDelete"
      | "userChangePassword"
      | "userGrantRole"
      | "userRevokeRole",
    actor: Actor,
  ): UserStep {
    const random = this.#random;
    const name = this.#user();
    const role = this.#role();
    const password = random.pick(PASSWORDS);
    switch (kind) {
      case "userAdd": {
        const noPassword = name !== "root" && random.percent(10);
        return call(kind, actor, { name, password, options: { noPassword } });
      }
      case "userGet":
      case "userDelete":
        return call(kind, actor, { name });
      case "userChangePassword":
        return call(kind, actor, { name, password });
      case "userGrantRole":
        // Most of the time root is who it has to be.
        return call(kind, actor, { user: name, role: name === "root" ? "root" : role });
      case "userRevokeRole":
        return call(kind, actor, { name, role });
    }
  }

  #roleCall(
    kind: "roleAdd" | "roleGet" | "roleDelete" | "roleGrantPermission" | "roleRevokePermission",
    actor: Actor,
  ): UserStep {
    const role = this.#role();
    const range = this.#range();
    switch (kind) {
      case "roleAdd":
        return call(kind, actor, { name: role });
      case "roleGet":
      case "roleDelete":
        return call(kind, actor, { role });
      case "roleGrantPermission": {
        const perm = { permType: this.#random.pick([0, 1, 2]), ...range };
        const isWithout = this.#random.percent(NAMES_MAX_PERCENT);
        return call(kind, actor, { name: role, perm: isWithout ? undefined : perm });
      }
      case "roleRevokePermission":
        return call(kind, actor, { role, ...range });
    }
  }

  #range(): { key: Uint8Array; rangeEnd: Uint8Array } {
    const { key, rangeEnd } = this.#requests.deleteRange();
    return { key: key ?? new Uint8Array(0), rangeEnd: rangeEnd ?? new Uint8Array(0) };
  }

  #actor(): Actor {
    if (this.#random.percent(4)) return this.#random.pick(["none", "bad"]);
    return this.#random.below(TOKEN_COUNT);
  }

  #user(): string {
    return this.#random.percent(NAMES_MAX_PERCENT) ? "" : this.#random.pick(USERS);
  }

  #role(): string {
    return this.#random.percent(NAMES_MAX_PERCENT) ? "" : this.#random.pick(ROLES);
  }
}

/** Whether a range ends before it begins, in a request or anything in it. */
function isBackward(request: object): boolean {
  const { key, rangeEnd } = request as { key?: Uint8Array; rangeEnd?: Uint8Array };
  if (key instanceof Uint8Array && rangeEnd instanceof Uint8Array && rangeEnd.length > 0) {
    const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
    if (!isOpen && Buffer.compare(rangeEnd, key) < 0) return true;
  }
  return Object.values(request).some(
    (part: unknown) => typeof part === "object" && part !== null && isBackward(part),
  );
}

function call<Method extends UnaryMethod>(
  name: Method,
  actor: Actor,
  request: UnaryRequest<Method> & object,
): UserStep {
  return {
    kind: "unary",
    actor,
    name,
    request,
    send: (client) => client.unary(name, request),
  };
}
