// A node's params by its own schema: the manifest has checked them, a caller from elsewhere may not have.
import type { z } from "zod";
import { RemoteMediaError } from "../../../platform/base/error.ts";

/** Defaults filled in. Throws `node-invalid-params`; the values aren't repeated. */
export function readParams<Schema extends z.ZodObject>(
  schema: Schema,
  params: Readonly<Record<string, unknown>>,
  node: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = ["params", ...(issue?.path ?? [])].map(String).join(".");
  throw invalidParam(node, path, issue?.message ?? "it doesn't fit the schema");
}

/** The error for a param that can be no such thing. */
export function invalidParam(node: string, path: string, problem: string): RemoteMediaError {
  return new RemoteMediaError("node-invalid-params", `${node}: ${path}: ${problem}`, {
    where: { node, path },
  });
}
