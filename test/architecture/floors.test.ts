// Holds every import and every use of the surroundings in agent/ and platform/ to the table in scripts/floors.ts.
import { describe, expect, test } from "vitest";
import { adapters, exceptions, floors, libraries } from "../../scripts/floors.ts";
import { listFiles, readText } from "./checkout.ts";
import { findBreaches } from "./house-rules.ts";

const sources = listFiles("agent", "platform").filter((path) => path.endsWith(".ts"));

describe("the code", () => {
  test("every file of agent/ and platform/ keeps to the floors and the house's rules", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap((path) => findBreaches(path, readText(path)))).toEqual([]);
  });

  test("every library of the table is a dependency that ships", () => {
    const { dependencies } = JSON.parse(readText("package.json")) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(Object.keys(libraries)));
  });

  test("every exception is between two rooms of the table and says why", () => {
    for (const { from, to, reason } of exceptions) {
      expect([...Object.keys(floors), ...adapters]).toEqual(expect.arrayContaining([from, to]));
      expect(reason.split(" ").length, `${from} → ${to}`).toBeGreaterThan(4);
    }
  });
});

/** Made-up sources that break the rules, and a piece of what must be said about each. */
const violations: readonly [name: string, file: string, source: string, said: string][] = [
  [
    "an import that points up",
    "agent/node/x.ts",
    `import { run } from "../executor/run.ts";`,
    "imports point down",
  ],
  [
    "a type-only import that points up",
    "agent/node/x.ts",
    `import type { Run } from "../executor/run.ts";`,
    "imports point down",
  ],
  [
    "an inline type import that points up",
    "agent/node/x.ts",
    `import { type Run } from "../executor/run.ts";`,
    "imports point down",
  ],
  [
    "a type by import()",
    "agent/node/x.ts",
    `type R = import("../executor/run.ts").Run;`,
    "imports point down",
  ],
  [
    "typeof import()",
    "agent/node/x.ts",
    `type R = typeof import("../executor/run.ts");`,
    "imports point down",
  ],
  [
    "a dynamic import that points up",
    "agent/node/x.ts",
    `const r = await import("../executor/run.ts");`,
    "imports point down",
  ],
  [
    "a dynamic import by a template",
    "agent/node/x.ts",
    "const r = import(`../executor/run.ts`);",
    "imports point down",
  ],
  [
    "a re-export that points up",
    "agent/node/x.ts",
    `export { run } from "../executor/run.ts";`,
    "imports point down",
  ],
  [
    "a type re-export that points up",
    "agent/node/x.ts",
    `export type { Run } from "../executor/run.ts";`,
    "imports point down",
  ],
  [
    "a star re-export that points up",
    "agent/node/x.ts",
    `export * from "../executor/run.ts";`,
    "imports point down",
  ],
  ["an import for its side effects", "agent/node/x.ts", `import "../executor/run.ts";`, "imports point down"],
  ["require", "agent/native/x.ts", `const r = require("../executor/run.ts");`, "imports point down"],
  [
    "an entry named by new URL",
    "agent/native/x.ts",
    `const u = new URL("../executor/run.ts", import.meta.url);`,
    "imports point down",
  ],
  [
    "rooms on one floor",
    "agent/sandbox/child/x.ts",
    `import { parse } from "../../manifest/parse.ts";`,
    "imports point down",
  ],
  [
    "an adapter from below the root",
    "agent/sandbox/x.ts",
    `import { spawn } from "../../platform/process/spawn.ts";`,
    "only agent/main does",
  ],
  [
    "an adapter from the command line",
    "agent/cli/x.ts",
    `import { spawn } from "../../platform/process/spawn.ts";`,
    "only agent/main does",
  ],
  [
    "an adapter that knows the agent",
    "platform/process/x.ts",
    `import { Frame } from "../../agent/node/frame.ts";`,
    "contract and base only",
  ],
  [
    "an adapter that knows another",
    "platform/process/x.ts",
    `import { open } from "../store/open.ts";`,
    "only agent/main does",
  ],
  [
    "a value where only types are excepted",
    "platform/contract/x.ts",
    `import { RemoteMediaError } from "../base/error.ts";`,
    "imports point down",
  ],
  ["a room that isn't in the table", "agent/stuff/x.ts", `import "./y.ts";`, "is no room"],
  ["an import of a room that isn't in the table", "agent/main/x.ts", `import "../stuff/y.ts";`, "is no room"],
  ["an import of a test", "agent/main/x.ts", `import "../../test/fixture.ts";`, "is no room"],
  [
    "a library that the table doesn't know",
    "agent/main/x.ts",
    `import _ from "lodash/fp";`,
    "isn't in the floors table",
  ],
  [
    "a library of another room",
    "agent/main/x.ts",
    `import ffmpeg from "fluent-ffmpeg";`,
    "only platform/ffmpeg may",
  ],
  [
    "node: in a web-standard room",
    "agent/executor/x.ts",
    `import { join } from "node:path";`,
    "web-standard APIs only",
  ],
  [
    "bun: in a web-standard room",
    "agent/manifest/x.ts",
    `import type { Pointer } from "bun:ffi";`,
    "web-standard APIs only",
  ],
  ["Bun in a web-standard room", "agent/placement/x.ts", `export const now = Bun.nanoseconds();`, "not Bun"],
  ["Bun by globalThis", "agent/node/x.ts", `export const bun = globalThis["Bun"];`, "not Bun"],
  ["Bun as a type", "agent/node/x.ts", `export type Server = Bun.Server;`, "not Bun"],
  ["a Buffer as a type", "agent/node/x.ts", `export type Bytes = Buffer;`, "not Buffer"],
  ["process passed on", "agent/executor/x.ts", `start({ host: process });`, "not process"],
  [
    "the folder of a module",
    "agent/executor/x.ts",
    `export const here = import.meta.dir;`,
    "not import.meta.dir",
  ],
  ["a clock in a pure room", "agent/placement/x.ts", `export const at = Date.now();`, "is pure"],
  [
    "the environment outside the root",
    "agent/cli/x.ts",
    `export const debug = process.env["DEBUG"];`,
    "reads the environment",
  ],
  ["printing outside the command line", "agent/sandbox/x.ts", `console.error("no");`, "prints"],
  ["printing by stdout", "platform/process/x.ts", `process.stdout.write("no");`, "prints"],
  ["a bare error", "agent/cli/x.ts", `throw new Error("no");`, "RemoteMediaError"],
  ["a bare error of another kind", "platform/store/x.ts", `throw new TypeError("no");`, "RemoteMediaError"],
];

/** Made-up sources that are right. */
const rightful: readonly [name: string, file: string, source: string][] = [
  [
    "an import that points down",
    "agent/executor/x.ts",
    `import { RemoteMediaError } from "../../platform/base/error.ts";`,
  ],
  [
    "the root building an adapter",
    "agent/main/x.ts",
    `const { spawn } = await import("../../platform/process/spawn.ts");`,
  ],
  ["an adapter with its library", "platform/ffmpeg/x.ts", `import ffmpeg from "fluent-ffmpeg";`],
  ["a subfolder of the same room", "agent/sandbox/child/x.ts", `import { pool } from "../pool.ts";`],
  [
    "a method named process",
    "agent/executor/x.ts",
    `export const runner = { process(frame: object) { return frame; } }; runner.process({});`,
  ],
  [
    "a local of a global's name",
    "agent/executor/x.ts",
    `export function go({ process }: { process: () => void }) { process(); }`,
  ],
  [
    "a word in a comment",
    "agent/node/x.ts",
    `// import x from "node:fs"; process.env; throw new Error("x")\nexport const a = "Bun.file";`,
  ],
  ["the root reading the environment", "agent/main/x.ts", `export const debug = process.env["DEBUG"];`],
];

describe("the test itself", () => {
  test.each(violations)("sees %s", (_name, file, source, said) => {
    expect(findBreaches(file, source)).toEqual([expect.stringContaining(said)]);
  });

  test.each(rightful)("lets pass %s", (_name, file, source) => {
    expect(findBreaches(file, source)).toEqual([]);
  });

  test("says where: the file and the line", () => {
    expect(findBreaches("agent/cli/x.ts", `// one\n\nthrow new Error("no");`)[0]).toMatch(
      /^agent\/cli\/x\.ts:3: /,
    );
  });
});
