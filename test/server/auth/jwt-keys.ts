/** Keys for tokens, in files of a test's own. */
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Algorithms by the keys that they take. */
export const ALGORITHMS = {
  rsa: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  ed25519: ["EdDSA"],
} as const;

export type KeyKind = keyof typeof ALGORITHMS;

/** A pair of keys of a kind. */
function makePair(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === "rsa") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  if (kind === "ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: kind });
}

/** Files of a new pair of keys. */
export function writePair(folder: string, kind: KeyKind): { pub: string; priv: string } {
  const { publicKey, privateKey } = makePair(kind);
  const pub = join(folder, `${kind}.pub`);
  const priv = join(folder, `${kind}.key`);
  writeFileSync(pub, publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(priv, privateKey.export({ type: "pkcs8", format: "pem" }));
  return { pub, priv };
}
