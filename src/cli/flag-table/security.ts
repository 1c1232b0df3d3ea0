/** Flags of the groups "Security" and "Auth". */
import { REASONS } from "./definition.ts";
import type { FlagGroup } from "./definition.ts";

/** Certificates, and who may connect. */
export const SECURITY_FLAGS = {
  "cert-file": {
    kind: "string",
    preset: "",
    help: "File of the certificate shown to clients.",
    status: "effective",
  },
  "key-file": {
    kind: "string",
    preset: "",
    help: "File of the key of that certificate.",
    status: "effective",
  },
  "client-cert-auth": {
    kind: "boolean",
    preset: "false",
    help: "Let only clients in that show a certificate.",
    status: "effective",
  },
  "client-cert-file": {
    kind: "string",
    preset: "",
    help: "File of the certificate used for connections to itself.",
    status: "accepted",
    reason: "the server does not connect to itself; that it is a pair is checked",
  },
  "client-key-file": {
    kind: "string",
    preset: "",
    help: "File of the key of that certificate.",
    status: "accepted",
    reason: "the server does not connect to itself; that it is a pair is checked",
  },
  "client-crl-file": {
    kind: "string",
    preset: "",
    help: "File of client certificates that were revoked.",
    status: "effective",
  },
  "client-cert-allowed-hostname": {
    kind: "list",
    preset: "",
    help: "Host names of which a client certificate must have one.",
    status: "effective",
  },
  "trusted-ca-file": {
    kind: "string",
    preset: "",
    help: "File of the authorities that certify clients.",
    status: "effective",
  },
  "auto-tls": {
    kind: "boolean",
    preset: "false",
    help: "Make a certificate for clients at start.",
    status: "effective",
  },
  "peer-cert-file": {
    kind: "string",
    preset: "",
    help: "File of the certificate shown to peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-key-file": {
    kind: "string",
    preset: "",
    help: "File of the key of that certificate.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-client-cert-auth": {
    kind: "boolean",
    preset: "false",
    help: "Let only peers in that show a certificate.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-client-cert-file": {
    kind: "string",
    preset: "",
    help: "File of the certificate used for connections to peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-client-key-file": {
    kind: "string",
    preset: "",
    help: "File of the key of that certificate.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-trusted-ca-file": {
    kind: "string",
    preset: "",
    help: "File of the authorities that certify peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-cert-allowed-cn": {
    kind: "list",
    preset: "",
    help: "Common names of which a peer certificate must have one.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-cert-allowed-hostname": {
    kind: "list",
    preset: "",
    help: "Host names of which a peer certificate must have one.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-auto-tls": {
    kind: "boolean",
    preset: "false",
    help: "Make a certificate for peers at start.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "self-signed-cert-validity": {
    kind: "uint",
    preset: "1",
    help: "Years for which a certificate made at start is valid.",
    status: "effective",
  },
  "peer-crl-file": {
    kind: "string",
    preset: "",
    help: "File of peer certificates that were revoked.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "peer-skip-client-san-verification": {
    kind: "boolean",
    preset: "false",
    help: "Do not check the names in the certificates of peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "cipher-suites": {
    kind: "list",
    preset: "",
    help: "Cipher suites to offer; all good ones unless given.",
    status: "effective",
  },
  cors: {
    kind: "origins",
    preset: "*",
    help: "Origins whose pages may use the HTTP endpoints; * is all.",
    status: "effective",
  },
  "host-whitelist": {
    kind: "set",
    preset: "*",
    help: "Host names under which HTTP may be used without TLS; * is all.",
    status: "effective",
  },
  "tls-min-version": {
    kind: "string",
    preset: "TLS1.2",
    help: "Least version of TLS: TLS1.2 or TLS1.3.",
    status: "effective",
  },
  "tls-max-version": {
    kind: "string",
    preset: "",
    help: "Greatest version of TLS: TLS1.2 or TLS1.3; the newest unless given.",
    status: "effective",
  },
} as const satisfies FlagGroup;

/** How users prove who they are. */
export const AUTHENTICATION_FLAGS = {
  "auth-token": {
    kind: "string",
    preset: "simple",
    help: "Kind of the tokens of users, with its options: simple or jwt.",
    status: "effective",
  },
  "bcrypt-cost": {
    kind: "uint",
    preset: "10",
    help: "Cost of hashing a password, 4 to 31.",
    status: "effective",
  },
  "auth-token-ttl": {
    kind: "uint",
    preset: "300",
    help: "Seconds for which a simple token is good after it was used last.",
    status: "effective",
  },
} as const satisfies FlagGroup;
