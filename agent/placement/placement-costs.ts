// From a pipeline and places to numbers: what each node costs at each place by its policy, and the ways between.
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import { bytesOf, guessBytes, type TimeEstimates } from "./estimate-times.ts";
import type { Place, PlacementFacts, Score } from "./place.ts";
import { type Link, type PlacementProblem, wayCost } from "./placement-problem.ts";

/** Leaving this device must gain something: a peer's time counts a tenth more, and each entry a millisecond. */
const away = { share: 0.1, entryMs: 1 } as const;
/** A rank is worth more than any sum of times. */
const rankWorth = 1e7;
/** A place that is busier than this is as good as full. */
const fullLoad = 0.95;

type Ways = Pick<PlacementProblem, "enter" | "leave" | "perByte">;

/** Frames that enter a node from `--input` and leave it to `--output`: both are here, wherever the node is. */
interface OpenEnds {
  readonly entries: number;
  readonly exits: number;
  readonly bytes: number;
}

/** Costs of the nodes of a pipeline, by index, at places, by index. */
export class PlacementCosts {
  readonly #nodes: readonly ResolvedNode[];
  readonly #places: readonly Place[];
  readonly #estimates: TimeEstimates;
  readonly #ends: readonly OpenEnds[];
  readonly #links: readonly Link[];
  readonly #linksOf: readonly (readonly Link[])[];
  /** With what leaving this device costs, and without. */
  readonly #ways: Ways;
  readonly #plainWays: Ways;
  readonly #strengths: readonly number[];
  readonly #prices: readonly number[];

  constructor(
    pipeline: ResolvedPipeline,
    places: readonly Place[],
    estimates: TimeEstimates,
    facts: PlacementFacts,
  ) {
    this.#nodes = pipeline.nodes;
    this.#places = places;
    this.#estimates = estimates;
    this.#ends = findOpenEnds(pipeline);
    this.#links = findLinks(pipeline, facts);
    this.#linksOf = pipeline.nodes.map(() => []);
    for (const link of this.#links) {
      for (const end of [link.from, link.to]) (this.#linksOf[end] as Link[]).push(link);
    }
    const { ways } = estimates;
    const enter = Float64Array.from(ways, ({ halfRttMs, queueMs }) => halfRttMs + queueMs);
    const leave = Float64Array.from(ways, ({ halfRttMs }) => halfRttMs);
    const perByte = Float64Array.from(ways, ({ msPerByte }) => msPerByte);
    this.#plainWays = { enter, leave, perByte };
    const toll = (place: number) => (places[place]!.id === "local" ? 0 : away.entryMs);
    this.#ways = { enter: enter.map((ms, place) => ms + toll(place)), leave, perByte };
    this.#strengths = rankBy(places, (place) => -strengthOf(place));
    this.#prices = rankBy(places, ({ id, price }) => (id === "local" ? 0 : (price ?? Number.MAX_VALUE)));
  }

  /** For the search: each node only where it is allowed. */
  problem(isAllowed: (node: number, place: number) => boolean): PlacementProblem {
    const [nodes, places] = [this.#nodes.length, this.#places.length];
    const cost = new Float64Array(nodes * places).fill(Number.POSITIVE_INFINITY);
    for (let node = 0; node < nodes; node++) {
      for (let place = 0; place < places; place++) {
        if (!isAllowed(node, place)) continue;
        const { rank, ms } = this.#own(node, place);
        cost[node * places + place] = rank * rankWorth + ms;
      }
    }
    return { nodes, places, cost, links: this.#links, ...this.#ways };
  }

  /** Of one node at a place, its neighbours being `at` theirs: its own time and the ways. */
  score(node: number, place: number, at: ArrayLike<number>): Score {
    const { rank, ms } = this.#own(node, place);
    return { rank, ms: ms + this.#linksMs(this.#ways, node, place, at) };
  }

  /** What the score of a node has beyond its computing: the ways as they are, and what leaving this device is held against it. */
  explainWays(node: number, place: number, at: ArrayLike<number>): { waysMs: number; leavingMs: number } {
    const waysMs =
      this.#linksMs(this.#plainWays, node, place, at) + this.#endsMs(this.#plainWays, node, place);
    const all = this.#linksMs(this.#ways, node, place, at) + this.#endsMs(this.#ways, node, place);
    return { waysMs, leavingMs: all - waysMs + this.#leavingMs(node, place) };
  }

  /** Of the whole. */
  total(at: ArrayLike<number>): Score {
    let [rank, ms] = [0, 0];
    for (let node = 0; node < this.#nodes.length; node++) {
      const own = this.#own(node, at[node]!);
      rank += own.rank;
      ms += own.ms;
    }
    for (const link of this.#links) ms += wayCost(this.#ways, link, at[link.from]!, at[link.to]!);
    return { rank, ms };
  }

  /** Why the policy puts the place where it does, beyond its times; undefined where it doesn't. */
  explainPolicy(node: number, place: number): string | undefined {
    const { price, statement, id } = this.#places[place]!;
    switch (this.#nodes[node]!.placement.policy) {
      case "latency":
        return undefined;
      case "balanced":
        return `load ${Math.round(loadOf(statement) * 100)} %`;
      case "greedy":
        return `number ${this.#strengths[place]! + 1} in strength (${statement.cpu.cores} cores)`;
      case "cost":
        return id === "local" ? "price 0" : `price ${price ?? "unknown"}`;
    }
  }

  #own(node: number, place: number): Score {
    const { policy } = this.#nodes[node]!.placement;
    const { ms: computeMs } = this.#estimates.computeMs(this.#nodes[node]!, place);
    const ms = computeMs + this.#leavingMs(node, place) + this.#endsMs(this.#ways, node, place);
    switch (policy) {
      case "latency":
        return { rank: 0, ms };
      case "balanced": {
        const load = Math.min(loadOf(this.#places[place]!.statement), fullLoad);
        return { rank: 0, ms: ms + (computeMs * load) / (1 - load) };
      }
      case "greedy":
        return { rank: this.#strengths[place]!, ms };
      case "cost":
        return { rank: this.#prices[place]!, ms };
    }
  }

  /** Of the ways between a node and its neighbours. */
  #linksMs(ways: Ways, node: number, place: number, at: ArrayLike<number>): number {
    let total = 0;
    for (const link of this.#linksOf[node]!) {
      const [from, to] = link.from === node ? [place, at[link.to]!] : [at[link.from]!, place];
      total += wayCost(ways, link, from, to);
    }
    return total;
  }

  #endsMs({ enter, leave, perByte }: Ways, node: number, place: number): number {
    const { entries, exits, bytes } = this.#ends[node]!;
    return entries * enter[place]! + exits * leave[place]! + bytes * perByte[place]!;
  }

  #leavingMs(node: number, place: number): number {
    if (this.#places[place]!.id === "local") return 0;
    return away.share * this.#estimates.computeMs(this.#nodes[node]!, place).ms;
  }
}

/** 0 for the places of the least value, 1 for those of the next, … */
function rankBy(places: readonly Place[], worthOf: (place: Place) => number): number[] {
  const values = [...new Set(places.map(worthOf))].toSorted((a, b) => a - b);
  return places.map((place) => values.indexOf(worthOf(place)));
}

/** Without its load, which changes from second to second: `greedy` fills the strongest. A GPU counts as eight cores. */
function strengthOf({ statement: { cpu, gpu } }: Place): number {
  return cpu.cores + (gpu.some(({ type }) => type !== "none") ? 8 : 0);
}

function loadOf({ load }: Place["statement"]): number {
  return Math.max(load.cpu, load.memory);
}

function findLinks({ nodes, connections }: ResolvedPipeline, facts: PlacementFacts): Link[] {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
  const incoming = Map.groupBy(connections, ({ to }) => to.node);
  const links = new Map<string, Link>();
  for (const connection of connections) {
    const [from, to] = [indexOf.get(connection.from.node)!, indexOf.get(connection.to.node)!];
    const key = `${from}>${to}`;
    const { count, bytes } = links.get(key) ?? { count: 0, bytes: 0 };
    links.set(key, {
      from,
      to,
      count: count + 1,
      bytes: bytes + bytesOf(connection, nodes[from]!, facts),
      joins: incoming.get(connection.to.node)!.length === 1,
    });
  }
  return [...links.values()];
}

function findOpenEnds({ nodes, connections, openOutputs }: ResolvedPipeline): OpenEnds[] {
  const fed = new Set(connections.map(({ to }) => to.node));
  const outputs = Map.groupBy(
    openOutputs.filter(({ onRequest }) => !onRequest),
    ({ node }) => node,
  );
  return nodes.map(({ id, descriptor }) => {
    const open = outputs.get(id) ?? [];
    const inputs = fed.has(id) ? [] : Object.values(descriptor.inputs);
    const bytes = [...open, ...inputs].reduce((sum, { kinds }) => sum + guessBytes(kinds), 0);
    return { entries: inputs.length, exits: open.length, bytes };
  });
}
