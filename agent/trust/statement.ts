// in-toto statements: what somebody says about some bytes.
import type { Refuse } from "./refuse.ts";
import { isObject, type JsonObject, parseStrictJson, readObject } from "./strict-json.ts";

export const statementPayloadType = "application/vnd.in-toto+json";
export const statementType = "https://in-toto.io/Statement/v1";
/** What cosign's attestations of old are. */
const oldStatementType = "https://in-toto.io/Statement/v0.1";

export interface StatementSubject {
  readonly name?: string;
  /** Algorithm → hexadecimal digits, as they came. */
  readonly digest: Readonly<Record<string, string>>;
}

export interface Statement {
  readonly type: string;
  /** 1 to 64. */
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

export const maxSubjects = 64;

/** Parses the payload of an envelope. Whether the envelope holds is another question.
 * @see https://github.com/in-toto/attestation/blob/v1.1.2/spec/v1/statement.md */
export function parseStatement(payload: Uint8Array, refuse: Refuse): Statement {
  const value = readObject(
    parseStrictJson(payload, { maxBytes: 1024 * 1024 }, refuse),
    "the statement",
    ["_type", "subject", "predicateType", "predicate"],
    refuse,
  );
  const { _type: type, subject, predicateType, predicate } = value;
  if (type !== statementType && type !== oldStatementType) throw refuse("isn't an in-toto statement");
  if (typeof predicateType !== "string" || predicateType.length > 512) throw refuse("has no predicate type");
  if (!Array.isArray(subject) || subject.length === 0) throw refuse("has no subject");
  if (subject.length > maxSubjects) throw refuse(`has more than ${maxSubjects} subjects`);
  if (predicate !== undefined && predicate !== null && !isObject(predicate))
    throw refuse("has a predicate that isn't an object");
  return {
    type,
    subjects: subject.map((entry) => parseSubject(entry, refuse)),
    predicateType,
    predicate: predicate ?? {},
  };
}

function parseSubject(value: unknown, refuse: Refuse): StatementSubject {
  const fields = ["name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"];
  const { name, digest } = readObject(value, "a subject", fields, refuse);
  if (name !== undefined && typeof name !== "string") throw refuse("has a subject whose name isn't text");
  if (!isObject(digest) || Object.values(digest).some((digits) => typeof digits !== "string"))
    throw refuse("has a subject without digest");
  return { ...(name === undefined ? {} : { name }), digest: digest as Record<string, string> };
}
