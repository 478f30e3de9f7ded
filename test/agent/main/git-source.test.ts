// Which commit a folder is of: what counts as changed, what of a remote is told, and that the checkout's configuration runs nothing.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findGitSource, plainRemote } from "../../../agent/main/git-source.ts";

let folder: string;
const git = (...words: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...words], {
    cwd: folder,
    encoding: "utf8",
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "git-source-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function commit(): string {
  git("init", "-q");
  writeFileSync(join(folder, "a.json"), "{}");
  git("add", "a.json");
  git("commit", "-qm", "one");
  return git("rev-parse", "HEAD").trim();
}

describe("findGitSource", () => {
  test("knows the commit, and a file that differs or isn't in it", async () => {
    const id = commit();
    git("remote", "add", "origin", "https://user:secret@host.example/x.git");
    const repository = "https://host.example/x.git";
    expect(await findGitSource(folder, ["a.json"])).toEqual({ repository, commit: id, changed: false });
    writeFileSync(join(folder, "b.json"), "{}");
    expect((await findGitSource(folder, ["a.json", "b.json"]))?.changed).toBe(true);
    writeFileSync(join(folder, "a.json"), "{ }");
    expect((await findGitSource(folder, ["a.json"]))?.changed).toBe(true);
  });

  test("is silent of a folder without commits", async () => {
    expect(await findGitSource(folder, [])).toBeUndefined();
    git("init", "-q");
    expect(await findGitSource(folder, [])).toBeUndefined();
  });

  test("runs no program that the checkout configures", async () => {
    commit();
    const proof = join(folder, "ran");
    writeFileSync(join(folder, ".gitattributes"), "* filter=evil\n");
    for (const key of ["core.fsmonitor", "filter.evil.clean", "core.sshCommand", "diff.external"]) {
      git("config", key, `touch ${proof}`);
    }
    writeFileSync(join(folder, "a.json"), "[]");
    expect((await findGitSource(folder, ["a.json"]))?.changed).toBe(true);
    expect(existsSync(proof)).toBe(false);
  });
});

test.each([
  ["git@host.example:team/x.git", "ssh://host.example/team/x.git"],
  ["ssh://git@host.example:22/x", "ssh://host.example:22/x"],
  ["https://token@host.example/x?key=1", "https://host.example/x"],
  ["/home/me/x", undefined],
  ["file:///home/me/x", undefined],
  ["../x", undefined],
])("of the remote %s is told %s", (remote, told) => {
  expect(plainRemote(remote)).toBe(told);
});
