// Compiles a stage's modules once, under each node's caps, and makes guest instances of them.
import type { StageSpec } from "../stage-spec.ts";
import { maxTableElements } from "../table-limit.ts";
import { capCore } from "../wasm/cap.ts";
import { DirectGuest } from "./direct-guest.ts";
import { loadGlue } from "./glue-guest.ts";
import type { Guest, GuestImports } from "./guest.ts";

/** Makes a fresh instance of the stage's node of that index. Runs the module's start function: guest code. */
export type GuestFactory = (node: number) => Guest;

const pageBytes = 65_536;

/** How many instances may have died before the engine is told to collect: their memories count against our address space. */
const collectEvery = 16;

/** Reads the modules out of the record: it may be released when this has settled.
 * @throws RemoteMediaError `module-limit` when a module declares more than its node may have. */
export async function loadGuests(
  stage: StageSpec,
  importsOf: (node: number) => GuestImports,
): Promise<GuestFactory> {
  const factories: (() => Guest)[] = [];
  for (const [index, node] of stage.nodes.entries()) {
    const module = stage.modules[node.module]!;
    const memoryPages = Math.floor(node.limits.maxMemoryBytes / pageBytes);
    const cores = module.cores.map(({ name, bytes }) => ({
      name,
      compiled: new WebAssembly.Module(
        capCore(bytes, { memoryPages, tableElements: maxTableElements }) as Uint8Array<ArrayBuffer>,
      ),
    }));
    const imports = importsOf(index);
    if (module.kind === "direct") {
      const { compiled } = cores[0]!;
      factories.push(() => new DirectGuest(compiled, module.plan!, node, imports));
    } else {
      const create = await loadGlue(module.glue!);
      const byName = new Map(cores.map((core) => [core.name, core.compiled]));
      factories.push(() => create(byName, node, imports));
    }
  }
  let made = 0;
  return (node) => {
    made += 1;
    if (made > stage.nodes.length && made % collectEvery === 0) Bun.gc(true);
    try {
      return factories[node]!();
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      // Out of memory may only mean that dead instances still hold theirs.
      Bun.gc(true);
      return factories[node]!();
    }
  };
}
