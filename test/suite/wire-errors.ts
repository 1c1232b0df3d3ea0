/** What can only go wrong where there is a wire. */
import { Client as GrpcClient, credentials, Metadata } from "@grpc/grpc-js";
import type { ClientOptions, ServiceError } from "@grpc/grpc-js";
import { messages, STATUS, UNARY_METHODS } from "../../src/wire/index.ts";
import { bytes, refuses, until, within } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

/** How a call ended: its status, and the answer when that is good. */
interface Ending {
  readonly code: number;
  readonly details: string;
  readonly answer: Buffer | undefined;
}

const identity = (message: Buffer): Buffer => message;

/** Source: grpc-go server.go and rpc_util.go. */
const RECEIVE_BYTES_MAX = 1_572_864 + 524_288;

/** Calls a path that need not exist; undefined where there is no wire. */
async function call(
  { address }: Pick<Scene, "address">,
  path: string,
  {
    message = new Uint8Array(),
    options = {},
    metadata = new Metadata(),
    deadlineMs,
  }: {
    readonly message?: Uint8Array;
    readonly options?: ClientOptions;
    readonly metadata?: Metadata;
    readonly deadlineMs?: number;
  } = {},
): Promise<Ending> {
  const client = new GrpcClient(address ?? "", credentials.createInsecure(), options);
  const ending = new Promise<Ending>((resolve) => {
    client.makeUnaryRequest(
      path,
      identity,
      identity,
      Buffer.from(message),
      metadata,
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, answer: Buffer | undefined) => {
        const { code, details } = error ?? { code: STATUS.ok, details: "" };
        resolve({ code, details, answer });
      },
    );
  });
  try {
    return await within(`an answer to ${path}`, ending);
  } finally {
    client.close();
  }
}

/** Shows how a call of a path ends, where there is a wire. */
async function ends(
  scene: Scene,
  path: string,
  [code, details]: readonly [code: number, details: string],
): Promise<void> {
  if (scene.address === undefined) {
    scene.t.pass("there is no wire");
    return;
  }
  const ending = await call(scene, path);
  scene.t.strictSame([ending.code, ending.details], [code, details]);
}

export const wireErrorTests: SuiteTests = {
  "An unknown method is refused with its name": async (scene) => {
    const text = "unknown method Nope for service etcdserverpb.KV";
    await ends(scene, "/etcdserverpb.KV/Nope", [STATUS.unimplemented, text]);
  },

  "An unknown service is refused with its name": async (scene) => {
    const text = "unknown service etcdserverpb.Nope";
    await ends(scene, "/etcdserverpb.Nope/Nope", [STATUS.unimplemented, text]);
  },

  "Server reflection is there, or refused as any unknown service": async (scene) => {
    const { t, client, target } = scene;
    for (const [method, version] of [
      ["reflection", "v1"],
      ["oldReflection", "v1alpha"],
    ] as const) {
      const stream = client.stream(method);
      stream.send({ listServices: "*" });
      if (target.differences.reflects) {
        const { value } = await within("the services", stream.next());
        t.ok(value?.listServicesResponse?.service.some(({ name }) => name === "etcdserverpb.KV"));
        stream.cancel();
      } else {
        const text = `unknown service grpc.reflection.${version}.ServerReflection`;
        await refuses(t, within("the refusal", stream.next()), [STATUS.unimplemented, text]);
      }
    }
  },

  "A message that is too large to be received is refused": async (scene) => {
    const { t, address } = scene;
    if (address === undefined) {
      t.pass("there is no wire");
      return;
    }
    const message = messages.encodePutRequest({
      key: bytes("a"),
      value: Buffer.alloc(RECEIVE_BYTES_MAX),
    });
    const { code, details } = await call(scene, UNARY_METHODS.put, { message });
    const sizes = `(${message.length} vs. ${RECEIVE_BYTES_MAX})`;
    t.strictSame(
      [code, details],
      [STATUS.resourceExhausted, `grpc: received message larger than max ${sizes}`],
    );
    const small = await call(scene, UNARY_METHODS.range, {
      message: messages.encodeRangeRequest({ key: bytes("a") }),
    });
    t.equal(small.code, STATUS.ok, "the server lives");
  },

  "A message that is compressed is read": async (scene) => {
    const { t, address, prefix } = scene;
    if (address === undefined) {
      t.pass("there is no wire");
      return;
    }
    const key = bytes(`${prefix}a`);
    const put = messages.encodePutRequest({ key, value: Buffer.alloc(10_000) });
    // 2 is gzip. Source: grpc-js compression-algorithms.ts.
    const options = { "grpc.default_compression_algorithm": 2 } as const;
    const { code, details } = await call(scene, UNARY_METHODS.put, { message: put, options });
    t.strictSame([code, details], [STATUS.ok, ""]);
    t.equal((await scene.client.kv.get(`${prefix}a`)).kvs[0]?.value.length, 10_000);
  },

  "Metadata that nobody knows is not looked at": async (scene) => {
    const { t, address } = scene;
    if (address === undefined) {
      t.pass("there is no wire");
      return;
    }
    const metadata = new Metadata();
    metadata.set("x-anything", "at all");
    metadata.set("x-anything-bin", Buffer.from([1, 2, 3]));
    const message = messages.encodeRangeRequest({ key: bytes("a") });
    const { code } = await call(scene, UNARY_METHODS.range, { message, metadata });
    t.equal(code, STATUS.ok);
  },

  "A lock whose deadline passes leaves the line": async (scene) => {
    const { t, address, client, prefix } = scene;
    if (address === undefined) {
      t.pass("there is no wire");
      return;
    }
    const name = bytes(`${prefix}a`);
    const { id } = await client.lease.grant(60);
    const { key } = await client.unary("lock", { name, lease: id });
    const other = await client.lease.grant(60);
    const message = messages.encodeLockRequest({ name, lease: other.id });
    const { code } = await call(scene, UNARY_METHODS.lock, { message, deadlineMs: 300 });
    t.equal(code, STATUS.deadlineExceeded);
    await until("the line to be left", async () => {
      const { kvs } = await client.kv.get(`${prefix}a/`, { prefix: true });
      return kvs.length === 1 && Buffer.compare(kvs[0]!.key, key) === 0 ? true : undefined;
    });
    await client.lease.revoke(id);
    await client.lease.revoke(other.id);
  },
};
