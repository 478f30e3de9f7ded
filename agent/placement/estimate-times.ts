// How long a frame of a node takes at a place: what is measured there, else scaled from elsewhere, else guessed.

import type { ResolvedConnection, ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { PayloadKind } from "../node/frame.ts";
import type { PlaceRules } from "./find-refusal.ts";
import type { Place, PlacementFacts, PlaceTimes } from "./place.ts";

/** Where nobody has measured the way to a peer. */
const unmeasured = { rttMs: 20, bytesPerSecond: 12_500_000 } as const;
/** A call on an idle machine where nobody has measured the node anywhere: most nodes are small, those that would like a GPU aren't. */
const guessMs = { plain: 1, accelerated: 20 } as const;
/** How much slower a node is without the GPU that it prefers. */
const withoutGpu = 4;

/** Bytes of a frame where nobody has measured it: a picture of 640×480, 20 ms of speech, … */
const guessedBytes: Readonly<Record<PayloadKind, number>> = {
  bytes: 16_384,
  text: 1024,
  json: 1024,
  audio: 4096,
  video: 460_800,
  tensor: 65_536,
  encoded: 16_384,
};

/** The way to a place: ms in each direction, and ms for each byte. All 0 for local. */
export interface Way {
  readonly halfRttMs: number;
  readonly msPerByte: number;
  readonly queueMs: number;
}

/** The way to a place, by what is measured of it. */
export function wayTo({ id, rttMs, bytesPerSecond, statement }: Place): Way {
  if (id === "local") return { halfRttMs: 0, msPerByte: 0, queueMs: 0 };
  const rate = known(bytesPerSecond, 1) ?? unmeasured.bytesPerSecond;
  return {
    halfRttMs: (known(rttMs, 0) ?? unmeasured.rttMs) / 2,
    msPerByte: 1000 / rate,
    queueMs: statement.load.queue_ms,
  };
}

/** What comes from elsewhere may be no number at all. */
function known(value: number | undefined, least: number): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= least ? value : undefined;
}

/** Bytes of the frames of a connection. */
export function bytesOf(
  connection: ResolvedConnection,
  from: ResolvedNode,
  { frameBytes }: PlacementFacts,
): number {
  const kinds = from.descriptor.outputs[connection.from.port]?.kinds ?? [];
  return known(frameBytes?.(connection), 0) ?? guessBytes(kinds);
}

/** Bytes of the frames of a port, by its kinds: of one that takes all kinds, as many as plain bytes. */
export function guessBytes(kinds: readonly PayloadKind[]): number {
  const [kind, ...more] = kinds;
  return guessedBytes[kind === undefined || more.length > 0 ? "bytes" : kind];
}

/** The most bytes of a frame that enters each node, and of one that leaves it. */
interface NodeBytes {
  readonly into: number;
  readonly outOf: number;
}

/** Compute times of the nodes of a pipeline at its places. */
export class TimeEstimates {
  readonly ways: readonly Way[];
  readonly #places: readonly Place[];
  readonly #speeds: readonly number[];
  readonly #rules: PlaceRules;
  readonly #facts: PlacementFacts;
  readonly #bytes: ReadonlyMap<string, NodeBytes>;
  readonly #references = new Map<ResolvedNode, { readonly idealMs: number; readonly isGuess: boolean }>();

  constructor(
    pipeline: ResolvedPipeline,
    places: readonly Place[],
    rules: PlaceRules,
    facts: PlacementFacts,
  ) {
    this.ways = places.map(wayTo);
    this.#places = places;
    this.#speeds = places.map(speedOf);
    this.#rules = rules;
    this.#facts = facts;
    this.#bytes = measureBytes(pipeline, facts);
  }

  /** Of a node at the place of that index. */
  computeMs(node: ResolvedNode, at: number): { readonly ms: number; readonly known: PlaceTimes["known"] } {
    const ms = this.#measured(node, at);
    if (ms !== undefined) return { ms, known: "measured" };
    const { idealMs, isGuess } = this.#reference(node);
    const ideal = idealMs * this.#slowness(node, at);
    // A machine that is busy for a moment must not drive out a node of which nobody knows anything.
    return isGuess
      ? { ms: ideal, known: "guessed" }
      : { ms: ideal / freeShareOf(this.#places[at]!), known: "scaled" };
  }

  times(node: ResolvedNode, at: number): PlaceTimes {
    const { ms, known: how } = this.computeMs(node, at);
    const { halfRttMs, msPerByte, queueMs } = this.ways[at]!;
    const { into, outOf } = this.#bytes.get(node.id)!;
    return {
      computeMs: ms,
      known: how,
      queueMs,
      thereMs: halfRttMs + into * msPerByte,
      backMs: halfRttMs + outOf * msPerByte,
    };
  }

  #measured(node: ResolvedNode, at: number): number | undefined {
    return known(this.#facts.measured?.(node.id, this.#places[at]!.id), 0);
  }

  /** Time on a machine of speed 1 that has all it prefers, by the first place where it is measured: local, if it is there. How busy that is
   * doesn't count: it may be the node itself that keeps it busy. */
  #reference(node: ResolvedNode) {
    const kept = this.#references.get(node);
    if (kept !== undefined) return kept;
    const at = this.#places.findIndex((_, index) => this.#measured(node, index) !== undefined);
    const likesGpu = node.requirements.some(
      ({ gpu }) => gpu !== undefined && (gpu.required || gpu.preferred),
    );
    const reference =
      at < 0
        ? { idealMs: likesGpu ? guessMs.accelerated : guessMs.plain, isGuess: true }
        : { idealMs: this.#measured(node, at)! / this.#slowness(node, at), isGuess: false };
    this.#references.set(node, reference);
    return reference;
  }

  #slowness(node: ResolvedNode, at: number): number {
    const isDegraded = this.#rules.match(node, this.#places[at]!).verdict === "degraded";
    return (isDegraded ? withoutGpu : 1) / this.#speeds[at]!;
  }
}

/** A guess at how fast one call is on a machine: nodes use one core, and machines with more of them have faster ones. What is measured takes
 * its place as soon as it is there. */
function speedOf({ statement: { cpu } }: Place): number {
  return Math.max(1, cpu.cores) ** 0.25;
}

/** What a call gets of a core where all of them are busy; a tenth at least. */
function freeShareOf({ statement: { cpu, load } }: Place): number {
  return Math.min(1, Math.max(0.1, Math.max(1, cpu.cores) * (1 - load.cpu)));
}

function measureBytes(
  { nodes, connections }: ResolvedPipeline,
  facts: PlacementFacts,
): Map<string, NodeBytes> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const into = new Map<string, number>();
  const outOf = new Map<string, number>();
  const raise = (map: Map<string, number>, id: string, bytes: number) =>
    map.set(id, Math.max(map.get(id) ?? 0, bytes));
  for (const connection of connections) {
    const bytes = bytesOf(connection, byId.get(connection.from.node)!, facts);
    raise(into, connection.to.node, bytes);
    raise(outOf, connection.from.node, bytes);
  }
  const ofPorts = (ports: ResolvedNode["descriptor"]["inputs"]) =>
    Math.max(0, ...Object.values(ports).map(({ kinds }) => guessBytes(kinds)));
  return new Map(
    nodes.map(({ id, descriptor }) => [
      id,
      {
        into: into.get(id) ?? ofPorts(descriptor.inputs),
        outOf: outOf.get(id) ?? ofPorts(descriptor.outputs),
      },
    ]),
  );
}
