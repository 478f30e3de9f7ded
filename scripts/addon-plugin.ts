// Bundler plugin: embeds the target's native addon of node-datachannel, which a compiled binary can't look for.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";
import { RemoteMediaError } from "../platform/base/error.ts";
import { fetchAddon } from "./fetch-addon.ts";

/** Replaces the library's search for its addon by an import of the one for `target`, such as `x64` or `arm64-musl`. */
export function addonPlugin(target: string): BunPlugin {
  const name = `@node-datachannel/linux-${target.includes("-") ? target : `${target}-gnu`}`;
  return {
    name: "addon",
    setup(build) {
      build.onLoad(
        { filter: /[/\\]node-datachannel[/\\]dist[/\\]esm[/\\]lib[/\\]node-datachannel\.mjs$/ },
        async ({ path }) => {
          if (!readFileSync(path, "utf8").includes("loadBinding()")) {
            throw new RemoteMediaError(
              "internal",
              "node-datachannel loads its addon in another way than it did",
              {
                where: { file: path },
                hint: "Look at how this version does it, and adapt scripts/addon-plugin.ts.",
              },
            );
          }
          const library = join(dirname(path), "../../../package.json");
          const file = await fetchAddon(name, JSON.parse(readFileSync(library, "utf8")).version);
          return {
            contents: `import addon from ${JSON.stringify(file)};\nexport default addon;\n`,
            loader: "js",
          };
        },
      );
    },
  };
}
