/**
 * How JSON Web Tokens are signed and checked: keys read from files.
 * Source: etcd server/auth/options.go; golang-jwt, *_utils.go for the words.
 */
import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { INVALID_OPTIONS } from "./token-options.ts";

/** Algorithms, by the type of key that they need. */
const KEY_TYPES = {
  RS256: "rsa",
  RS384: "rsa",
  RS512: "rsa",
  PS256: "rsa",
  PS384: "rsa",
  PS512: "rsa",
  ES256: "ec",
  ES384: "ec",
  ES512: "ec",
  EdDSA: "ed25519",
  HS256: "secret",
  HS384: "secret",
  HS512: "secret",
} as const;

export type JwtAlgorithm = keyof typeof KEY_TYPES;
type KeyType = (typeof KEY_TYPES)[JwtAlgorithm];

/** Default life of a token, milliseconds. Source: etcd server/auth/options.go, DefaultTTL. */
const TTL_MS = 5 * 60 * 1000;

/** PEM, or the bytes of a secret. */
export interface JwtOptions {
  readonly algorithm: JwtAlgorithm;
  /** Undefined: tokens are checked, and none is made. */
  readonly signKey: string | Buffer | undefined;
  readonly verifyKey: string | Buffer;
  /** Milliseconds. */
  readonly ttlMs: number;
}

/** Reads the keys. Throws Error in etcd's words. */
export function readJwtOptions(fields: ReadonlyMap<string, string>): JwtOptions {
  const algorithm = fields.get("sign-method") ?? "";
  const ttlMs = ttlMsOf(fields.get("ttl") ?? "");
  const publicKey = readKeyFile(fields.get("pub-key") ?? "");
  const privateKey = readKeyFile(fields.get("priv-key") ?? "");
  if (!isAlgorithm(algorithm) || ttlMs === undefined) throw new Error(INVALID_OPTIONS);
  const keyType = KEY_TYPES[algorithm];
  if (keyType === "secret") {
    if (privateKey === undefined) throw new Error(MISSING_KEY);
    return { algorithm, ttlMs, signKey: privateKey, verifyKey: privateKey };
  }
  const signKey = parsed(privateKey, "private", keyType);
  const givenKey = parsed(publicKey, "public", keyType);
  const verifyKey = signKey === undefined ? givenKey : createPublicKey(signKey);
  if (verifyKey === undefined) throw new Error(MISSING_KEY);
  if (givenKey !== undefined && !givenKey.equals(verifyKey)) throw new Error(KEYS_DIFFER);
  return {
    algorithm,
    ttlMs,
    signKey: signKey?.export({ type: "pkcs8", format: "pem" }).toString(),
    verifyKey: verifyKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

const MISSING_KEY = "auth: missing key data";
const NO_KEY = "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key";
const KEY_NAMES = { rsa: "RSA", ec: "ECDSA", ed25519: "Ed25519" } as const;
const KEYS_DIFFER = "auth: public and private keys don't match";

function isAlgorithm(name: string): name is JwtAlgorithm {
  return Object.hasOwn(KEY_TYPES, name);
}

/** An empty file is none. */
function readKeyFile(file: string): Buffer | undefined {
  if (file === "") return undefined;
  try {
    const bytes = readFileSync(file);
    return bytes.length === 0 ? undefined : bytes;
  } catch (error) {
    throw new Error(INVALID_OPTIONS, { cause: error });
  }
}

function parsed(
  pem: Buffer | undefined,
  kind: "private" | "public",
  keyType: Exclude<KeyType, "secret">,
): KeyObject | undefined {
  if (pem === undefined) return undefined;
  let key: KeyObject;
  try {
    key = kind === "private" ? createPrivateKey(pem) : createPublicKey(pem);
  } catch (error) {
    throw new Error(NO_KEY, { cause: error });
  }
  if (key.asymmetricKeyType !== keyType) {
    throw new Error(`key is not a valid ${KEY_NAMES[keyType]} ${kind} key`);
  }
  return key;
}

/** Source: Go's time.ParseDuration. */
function ttlMsOf(text: string): number | undefined {
  if (text === "") return TTL_MS;
  if (text === "0") return 0;
  if (!/^[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$/u.test(text)) return undefined;
  const sign = text.startsWith("-") ? -1 : 1;
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/gu)) {
    ms += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return sign * ms;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
