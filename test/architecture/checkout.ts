// The files of this checkout that git tracks or would track, for the architecture tests.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Paths relative to the repository's root, sorted; `under` limits them to folders. Deleted and ignored files aren't there. */
export function listFiles(...under: string[]): string[] {
  const listed = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ...under],
    { cwd: root },
  );
  if (!listed.success) throw new Error(`git ls-files: ${listed.stderr.toString()}`);
  const paths = listed.stdout.toString().split("\0");
  return paths.filter((path) => path !== "" && Bun.file(root + path).size > 0).sort();
}

/** The text of a file, by its path in the repository. */
export function readText(path: string): string {
  return readFileSync(root + path, "utf8");
}
