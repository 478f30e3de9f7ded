// The policy file: JSON → TrustPolicy, and back.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { maxGlobLength } from "./match-glob.ts";
import { PolicyReader } from "./policy-reader.ts";
import { type PublicKey, parsePublicKey } from "./public-key.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { Signer, TrustPolicy } from "./trust-policy.ts";

/** In bytes. */
const maxPolicyBytes = 1024 * 1024;
const maxSigners = 256;

const policyFields = ["version", "signers", "allow_unsigned", "require_provenance", "builders"];
const signerFields = ["name", "key", "pipelines", "repositories"];

/** Parses a policy file's JSON:
 * `{"version": 1, "signers": [{"name", "key": PEM, "pipelines": ["*"], "repositories": ["*"]}], "allow_unsigned": false,
 * "require_provenance": false, "builders": []}`; a signer's name and key are required, and the version.
 * `file` is named in errors. @throws RemoteMediaError `policy-invalid` with the JSON path */
export function parseTrustPolicy(text: string, file: string): TrustPolicy {
  const policy = new PolicyReader(file);
  const bytes = new TextEncoder().encode(text);
  const value = parseStrictJson(bytes, { maxBytes: maxPolicyBytes }, (why) => policy.refuse("", why));
  const fields = policy.object(value, "", policyFields);
  if (fields["version"] !== 1) throw policy.refuse("version", "must be 1");
  const signers = policy.list(fields["signers"] ?? [], "signers", maxSigners);
  return {
    signers: signers.map((signer, index) => readSigner(policy, signer, `signers[${index}]`)),
    allowUnsigned: policy.flag(fields["allow_unsigned"], "allow_unsigned"),
    requireProvenance: policy.flag(fields["require_provenance"], "require_provenance"),
    builders: policy.texts(fields["builders"] ?? [], "builders", 1024),
  };
}

/** The text that `parseTrustPolicy` takes. */
export function formatTrustPolicy(policy: TrustPolicy): string {
  const value = {
    version: 1,
    signers: policy.signers.map(({ name, key, pipelines, repositories }) => ({
      name,
      key: key.pem,
      pipelines,
      repositories,
    })),
    allow_unsigned: policy.allowUnsigned,
    require_provenance: policy.requireProvenance,
    builders: policy.builders,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function readSigner(policy: PolicyReader, value: unknown, path: string): Signer {
  const { name, key, pipelines, repositories } = policy.object(value, path, signerFields);
  const pem = policy.text(key, `${path}.key`, 4096);
  return {
    name: policy.line(policy.text(name, `${path}.name`, 128), `${path}.name`),
    key: readKey(policy, pem, `${path}.key`),
    pipelines: policy.texts(pipelines ?? ["*"], `${path}.pipelines`, maxGlobLength),
    repositories: policy.texts(repositories ?? ["*"], `${path}.repositories`, maxGlobLength),
  };
}

function readKey(policy: PolicyReader, pem: string, path: string): PublicKey {
  try {
    return parsePublicKey(pem);
  } catch (cause) {
    if (!(cause instanceof RemoteMediaError)) throw cause;
    throw policy.refuse(path, `isn't a key: ${cause.message}`, cause.hint);
  }
}
