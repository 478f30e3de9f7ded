// Bundler plugin: makes jco's transpiler work inside a compiled binary, where nothing lies beside it.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { BunPlugin } from "bun";
import { RemoteMediaError } from "../platform/base/error.ts";

const loadsCore = /new URL\('(\.\/[\w.-]+\.wasm)', import\.meta\.url\)/g;
const coresExpected = 2;

/**
 * Two changes to what `@bytecodealliance/jco-transpile/component` brings along:
 * - its core modules are embedded as files instead of being looked for beside the script;
 * - its WASI comes from preview2-shim's in-memory variant: the one for Node starts a worker thread from a file of its
 *   own, and reaches the real file system. The transpiler needs neither.
 */
export const jcoPlugin: BunPlugin = {
  name: "jco",
  setup(build) {
    build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\/\w+$/ }, ({ path, importer }) => {
      const forNode = Bun.resolveSync(path, dirname(importer));
      return { path: forNode.replace("/dist/nodejs/", "/dist/browser/") };
    });
    build.onLoad({ filter: /[/\\]js-component-bindgen-component\.js$/ }, ({ path }) => {
      const files: string[] = [];
      const code = readFileSync(path, "utf8").replace(
        loadsCore,
        (_all, file: string) => `core${files.push(file) - 1}`,
      );
      if (files.length !== coresExpected) {
        throw new RemoteMediaError(
          "internal",
          `jco loads ${files.length} core modules by URL, not ${coresExpected}`,
          {
            where: { file: path },
            hint: "Look at how this version of jco-transpile loads its core modules, and adapt scripts/jco-plugin.ts.",
          },
        );
      }
      const imports = files.map(
        (file, at) => `import core${at} from ${JSON.stringify(file)} with { type: "file" };\n`,
      );
      return { contents: imports.join("") + code, loader: "js" };
    });
  },
};
