// Where a sink writes files: what can be known to be wrong before the first frame.
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RemoteMediaError } from "../../../platform/base/error.ts";

/** The extension in lower case, without its dot; "" where there is none. */
export function extensionOf(path: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** Whether a path stands for a file a number: it has one `%d` or `%05d`. Throws `node-invalid-params` for other percent signs. */
export function isNumbered(path: string, node: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const rest = name.replace(/%(?:0[1-9])?d/, "");
  if (!rest.includes("%")) return rest !== name;
  throw badPath(node, `has a % that isn't one %d or %05d`, "Write one %05d where the number belongs.");
}

/** Throws `node-invalid-params` where the folder isn't there, or something stands in the way. A path is relative to the working
 * folder; folders aren't made. */
export function checkPlace(path: string, node: string): void {
  const folder = dirname(resolve(path));
  const kind = kindOf(folder);
  if (kind === "nothing")
    throw badPath(node, "is in a folder that doesn't exist", `Make it: mkdir -p ${folder}`);
  if (kind !== "folder") throw badPath(node, "is in what isn't a folder");
  if (kindOf(path) === "folder") throw badPath(node, "is a folder", "Give a file's name.");
}

/** Whether a file is there already. */
export function isTaken(path: string): boolean {
  return existsSync(path);
}

function kindOf(path: string): "folder" | "other" | "nothing" {
  try {
    return statSync(path).isDirectory() ? "folder" : "other";
  } catch {
    return "nothing";
  }
}

/** The error for a `path` that can't be taken. */
export function badPath(node: string, problem: string, hint?: string): RemoteMediaError {
  return new RemoteMediaError("node-invalid-params", `Param path of ${node} ${problem}.`, {
    where: { node, path: "params.path" },
    ...(hint === undefined ? {} : { hint }),
  });
}
