// What the statements beside a package say of how it was built, and whether the policy believes them.
import { printable } from "../../platform/base/printable.ts";
import { verifyProvenance } from "../trust/provenance.ts";
import type { SignatureMaterial, SignedSubject } from "../trust/signed.ts";
import type { TrustPolicy } from "../trust/trust-policy.ts";
import { describeProblem } from "./inspect-modules.ts";
import type { InspectedDependency, InspectedProvenance } from "./inspection.ts";

const maxDependencies = 1024;

/** Read leniently: what a statement doesn't say, or says in another form, is left out. */
export function inspectProvenance(
  subject: SignedSubject,
  materials: readonly SignatureMaterial[],
  policy: TrustPolicy | undefined,
): readonly InspectedProvenance[] {
  return materials.map((material) => ({
    ...judge(subject, material, policy),
    ...describeStatement(material.layout === "bundle" ? material.bytes : new Uint8Array()),
  }));
}

function judge(subject: SignedSubject, material: SignatureMaterial, policy: TrustPolicy | undefined) {
  if (policy === undefined) return { verified: false };
  try {
    const { signer } = verifyProvenance(subject, [material], policy);
    return { verified: true, signer: printable(signer.name) };
  } catch (thrown) {
    return { verified: false, problem: describeProblem(thrown) };
  }
}

/** @see https://slsa.dev/spec/v1.0/provenance */
function describeStatement(bundle: Uint8Array): Omit<InspectedProvenance, "verified"> {
  const statement = parseStatement(bundle);
  const definition = at(statement, "predicate", "buildDefinition");
  const run = at(statement, "predicate", "runDetails");
  const listed = at(definition, "resolvedDependencies");
  const dependencies = Array.isArray(listed) ? listed.slice(0, maxDependencies).map(describeDependency) : [];
  const source = dependencies.find(({ uri }) => uri?.startsWith("git+"));
  return {
    predicate_type: text(at(statement, "predicateType")) ?? "unknown",
    ...optional("builder", at(run, "builder", "id")),
    ...optional("build_type", at(definition, "buildType")),
    ...optional("started", at(run, "metadata", "startedOn")),
    ...optional("finished", at(run, "metadata", "finishedOn")),
    ...(source === undefined ? {} : { source }),
    dependencies,
  };
}

function describeDependency(dependency: unknown): InspectedDependency {
  const [algorithm, hex] = Object.entries(at(dependency, "digest") ?? {})[0] ?? [];
  return {
    ...optional("uri", at(dependency, "uri")),
    ...optional("name", at(dependency, "name")),
    ...(typeof hex === "string" ? optional("digest", `${algorithm}:${hex}`) : {}),
  };
}

function parseStatement(bundle: Uint8Array): unknown {
  try {
    const { payload } = JSON.parse(new TextDecoder().decode(bundle)).dsseEnvelope;
    return JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? printable(value, 1024) : undefined;
}

function optional<K extends string>(key: K, value: unknown): { readonly [key in K]?: string } {
  const line = text(value);
  return line === undefined ? {} : ({ [key]: line } as { readonly [key in K]?: string });
}
