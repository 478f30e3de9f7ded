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

/** How many instances, or bytes of their memories, may have died before the engine is told to collect: they count against our
 * address space, and a guest would see its growth refused for what another has left. */
const collectEvery = 16;
const collectBytes = 32 * 1024 * 1024;

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
  return collecting(factories);
}

/** A guest that is made again takes the place of its node's last one, which is dead by then. */
function collecting(factories: readonly (() => Guest)[]): GuestFactory {
  const last: (Guest | undefined)[] = factories.map(() => undefined);
  let dead = 0;
  let deadBytes = 0;
  const collect = () => {
    dead = 0;
    deadBytes = 0;
    Bun.gc(true);
  };
  return (node) => {
    const predecessor = last[node];
    if (predecessor !== undefined) {
      dead += 1;
      deadBytes += predecessor.memoryBytes();
      last[node] = undefined;
    }
    if (dead >= collectEvery || deadBytes >= collectBytes) collect();
    let guest: Guest;
    try {
      guest = factories[node]!();
    } catch (thrown) {
      // Out of memory may only mean that dead instances still hold theirs.
      if (!isOutOfMemory(thrown)) throw thrown;
      collect();
      guest = factories[node]!();
    }
    last[node] = guest;
    return guest;
  };
}

function isOutOfMemory(thrown: unknown): boolean {
  return thrown instanceof RangeError && /memory/i.test(thrown.message);
}
