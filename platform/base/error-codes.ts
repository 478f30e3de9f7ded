// Every error code of the program and the family it belongs to: who must act, and with which exit code we end.

/** Who must act on an error. `config` the operator, before the run; `io` the operator's files and disks, during it;
 * `remote` retry or another peer; `node` the guest's author; `trust` nobody: it stays refused; `internal` us. */
export type ErrorFamily = "config" | "io" | "remote" | "node" | "trust" | "internal";

/** The closed set of codes. A code is public: reports, `--json` errors and tests name it. */
export const errorFamilies = {
  usage: "config",
  "manifest-missing": "config",
  "manifest-syntax": "config",
  "manifest-schema": "config",
  "manifest-unsupported": "config",
  "manifest-graph": "config",
  "placement-impossible": "remote",
  "node-unknown": "config",
  "node-descriptor-invalid": "config",
  "node-invalid-params": "config",
  "module-missing": "config",
  "module-invalid": "config",
  "module-limit": "config",
  "module-too-complex": "config",
  "module-import-denied": "trust",
  "grant-denied": "trust",
  "input-missing": "config",
  "input-invalid": "io",
  "input-broken": "io",
  "output-closed": "io",
  "output-failed": "io",
  "ffmpeg-missing": "config",
  "ffmpeg-failed": "io",
  "device-missing": "io",
  "device-denied": "config",
  "device-busy": "io",
  "device-unsupported": "config",
  "capture-broken": "io",
  "stream-unreachable": "io",
  "stream-denied": "config",
  "board-invalid": "config",
  "statement-invalid": "remote",
  "node-timeout": "node",
  "node-fuel-exhausted": "node",
  "node-trap": "node",
  "node-killed": "node",
  "node-bad-output": "node",
  "node-output-limit": "node",
  "node-bad-input": "node",
  "node-fatal": "node",
  "node-gave-up": "node",
  "sandbox-failed": "internal",
  "cache-failed": "io",
  interrupted: "io",
  "reference-invalid": "config",
  "package-missing": "config",
  "package-invalid": "config",
  "package-exists": "config",
  "store-failed": "io",
  "registry-unreachable": "remote",
  "registry-failed": "remote",
  "registry-denied": "config",
  "registry-missing": "config",
  "registry-insecure": "config",
  "key-invalid": "config",
  "passphrase-wrong": "config",
  "policy-invalid": "config",
  "digest-mismatch": "trust",
  "signature-missing": "trust",
  "signature-invalid": "trust",
  "signer-unknown": "trust",
  "signer-denied": "trust",
  "provenance-missing": "trust",
  "provenance-invalid": "trust",
  "channel-invalid": "trust",
  "channel-untrusted": "trust",
  "channel-replayed": "trust",
  "channel-expired": "trust",
  "channel-future": "trust",
  "channel-revoked": "trust",
  "channel-outdated": "trust",
  internal: "internal",
} as const satisfies Record<string, ErrorFamily>;

export type ErrorCode = keyof typeof errorFamilies;

/** Whether a string from elsewhere is one of our codes. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorFamilies, code);
}

/** Exit codes by family (contract: the commands' exit table). */
export const exitCodes = {
  config: 2,
  io: 1,
  remote: 4,
  node: 1,
  trust: 3,
  internal: 70,
} as const satisfies Record<ErrorFamily, number>;
