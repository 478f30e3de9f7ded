// The options that every command has which takes a package: whom to trust, and how to speak with registries.
import type { PackageUse } from "../main/unpack-package.ts";
import type { Call, OptionSpec } from "./command.ts";

/** Whom to believe. */
export const trustOptions = {
  key: {
    value: "FILE",
    many: true,
    help: "Trust packages signed by this public key, in place of the policy in trust.json.",
  },
} as const satisfies Record<string, OptionSpec>;

export const unsignedOption = {
  "allow-unsigned": { help: "Take a package without a signature as well: for development." },
} as const satisfies Record<string, OptionSpec>;

/** How to speak with registries. */
export const registryOptions = {
  "plain-http": {
    help: "Speak with the registry without TLS. On this machine's own addresses that is tried anyway.",
  },
  "ca-file": { value: "FILE", help: "Trust the certificates in this file as well as the system's." },
} as const satisfies Record<string, OptionSpec>;

/** What a call says of packages. */
export function readPackageUse(call: Call): PackageUse {
  return {
    keys: call.texts("key"),
    allowUnsigned: call.flag("allow-unsigned"),
    plainHttp: call.flag("plain-http"),
    caFile: call.text("ca-file"),
  };
}
