// Holds every file to the house's habits: size, names, first lines, a README a room, and docs that name what exists.
import { describe, expect, test } from "vitest";
import { adapters, floors } from "../../scripts/floors.ts";
import { listFiles, readText } from "./checkout.ts";

const files = listFiles();
const ours = files.filter((path) => !path.includes("/generated/") && !path.includes("/golden/"));
const typescript = ours.filter((path) => path.endsWith(".ts"));
const shell = ours.filter((path) => /^(scripts|\.ci)\/[^.]+$/.test(path));
const markdown = files.filter((path) => path.endsWith(".md"));
const packageScripts = Object.keys(
  (JSON.parse(readText("package.json")) as { scripts?: Record<string, string> }).scripts ?? {},
);

/** Which of `paths` break a rule, so that a failure lists them all. */
function breaking(paths: readonly string[], broken: (text: string, path: string) => boolean): string[] {
  return paths.filter((path) => broken(readText(path), path));
}

describe("source files", () => {
  test("no file is longer than 400 lines", () => {
    expect(breaking([...typescript, ...shell], (text) => text.split("\n").length > 401)).toEqual([]);
  });

  test("half of the files are shorter than about 120 lines", () => {
    const lengths = typescript.map((path) => readText(path).split("\n").length).sort((a, b) => a - b);
    expect(lengths[lengths.length >> 1]).toBeLessThan(130);
  });

  test("line one of each TypeScript file says what the file is for", () => {
    const opening = (text: string): string => text.replace(/^#!.*\n/, "");
    expect(breaking(typescript, (text) => !/^(\/\/ |\/\*\*? ?)/.test(opening(text)))).toEqual([]);
  });

  test("names are kebab-case", () => {
    const named = files.filter(
      (path) => /^(agent|platform|scripts|test)\//.test(path) && path.endsWith(".ts"),
    );
    expect(named.filter((path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/.test(path.split("/").at(-1)!))).toEqual(
      [],
    );
  });

  test("no file or folder has a name that says nothing", () => {
    const empty = /(^|[-/])(util|utils|helper|helpers|common|lib|manager|service)([-./]|$)/;
    expect(files.filter((path) => empty.test(path))).toEqual([]);
  });

  test("nothing is committed that belongs to one machine", () => {
    const local = /\/work\/(main|shared)\b|\/opt\/bun\b|(^|[^.])\.\.\/shared\//m;
    expect(
      breaking(
        files.filter(isText),
        (text, path) => !path.startsWith("test/architecture/") && local.test(text),
      ),
    ).toEqual([]);
  });
});

describe("rooms", () => {
  const rooms = [...Object.keys(floors), ...adapters].filter((room) =>
    typescript.some((path) => path.startsWith(`${room}/`)),
  );

  test.each(rooms)("%s has a README", (room) => {
    expect(files).toContain(`${room}/README.md`);
  });
});

describe("documents", () => {
  test("every link to a file of the checkout leads to one", () => {
    const broken = markdown.flatMap((path) =>
      [...withoutExamples(readText(path)).matchAll(/\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => new URL(target!, `file:///${path}`).pathname.slice(1).replace(/\/$/, ""))
        .filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)))
        .map((target) => `${path} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("every decision is in the index of decisions", () => {
    const folder = "firmware-notes/decisions/";
    const pages = markdown.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
    const index = readText(`${folder}README.md`);
    expect(pages.filter((page) => page !== "README.md" && !index.includes(`](${page})`))).toEqual([]);
  });

  test("every script that they name exists", () => {
    const missing = markdown.flatMap((path) =>
      [...readText(path).matchAll(/(?:^|[\s`(])(?:\.\/)?((?:scripts|\.ci)\/[\w./-]*\w)/gm)]
        .map(([, script]) => script!)
        .filter((script) => !files.some((file) => file === script || file.startsWith(`${script}/`)))
        .map((script) => `${path}: ${script}`),
    );
    expect(missing).toEqual([]);
  });

  test("every `bun run` command that they name exists", () => {
    const missing = markdown.flatMap((path) =>
      [...readText(path).matchAll(/\bbun run ([\w:-]+)/g)]
        .map(([, command]) => command!)
        .filter((command) => !packageScripts.includes(command))
        .map((command) => `${path}: bun run ${command}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("pins", () => {
  test("the types are of the pinned Bun", () => {
    const { devDependencies } = JSON.parse(readText("package.json")) as {
      devDependencies: Record<string, string>;
    };
    expect(readText(".bun-version").trim()).toBe(devDependencies["@types/bun"]);
  });

  test("the tests run on the pinned Bun", () => {
    expect(Bun.version).toBe(readText(".bun-version").trim());
  });

  test("every dependency is pinned to one version", () => {
    const { dependencies, devDependencies } = JSON.parse(readText("package.json")) as Record<string, object>;
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-beta\.\d+)?$/);
    }
  });
});

/** Markdown without its fenced blocks, whose links are part of an example. */
function withoutExamples(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

function isText(path: string): boolean {
  return /\.(ts|js|json|jsonc|md|wit|yml|yaml|toml|c|h)$|^(scripts|\.ci)\/[^.]+$/.test(path);
}
