// node.json text → NodeDescriptor, or an error with line and column.
import { z } from "zod";
import { capabilitySchema } from "../capability/requirements.ts";
import { type NodeDescriptor, nodeDescriptorSchema } from "../node/descriptor.ts";
import { describeIssue } from "./describe-issue.ts";
import { compileParamsSchema } from "./params-schema.ts";
import { parseJson } from "./parse-json.ts";
import { maxProblems, ProblemList } from "./problem-list.ts";

/** Parses the text of a node.json, which is attacker-controlled; its params schema and its needs are checked too. `file` is named in
 * errors. Throws RemoteMediaError `node-descriptor-invalid` with file, JSON path, line and column. */
export function parseNodeDescriptor(text: string, file?: string): NodeDescriptor {
  const code = "node-descriptor-invalid";
  const document = parseJson(text, { file, code, maxLength: 1024 * 1024 });
  const schema = nodeDescriptorSchema.extend({ needs: capabilitySchema.default({}) });
  const parsed = schema.safeParse(document.value);
  if (!parsed.success) {
    const jsonSchema = z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" });
    const subject = { noun: "field", schema: jsonSchema, value: document.value };
    const problems = new ProblemList();
    for (const issue of parsed.error.issues.slice(0, maxProblems)) {
      for (const { path, at, message, hint } of describeIssue(issue, subject)) {
        problems.add(code, message, document.where(path, at), hint);
      }
    }
    problems.throwIfAny();
  }
  const descriptor = parsed.data!;
  if (descriptor.params !== undefined) compileParamsSchema(descriptor.params, document.where);
  return descriptor;
}
