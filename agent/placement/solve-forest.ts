// The exact part of the search: nodes whose connections form no cycle are placed at once, all others staying where they are.
import type { Link, PlacementProblem } from "./placement-problem.ts";

/** A link as one of its ends sees it. */
interface Edge {
  readonly link: Link;
  readonly other: number;
}

/** How a node hangs on the one that was visited before it. */
interface Hanging {
  readonly node: number;
  /** -1: the first of its tree. */
  readonly parent: number;
  readonly link: Link | undefined;
}

export class ForestSolver {
  readonly #problem: PlacementProblem;
  readonly #edges: readonly (readonly Edge[])[];

  constructor(problem: PlacementProblem) {
    this.#problem = problem;
    const edges: Edge[][] = Array.from({ length: problem.nodes }, () => []);
    for (const link of problem.links) {
      edges[link.from]!.push({ link, other: link.to });
      edges[link.to]!.push({ link, other: link.from });
    }
    this.#edges = edges;
  }

  /** The best places of the nodes that are `free`, the others being fixed at `start`. Links that close a cycle among the free are left
   * out, and the answer isn't exact then. */
  solve(start: Uint16Array, free: Uint8Array): { readonly at: Uint16Array; readonly isExact: boolean } {
    const { nodes, places } = this.#problem;
    const cost = this.#problem.cost.slice();
    for (let node = 0; node < nodes; node++) if (free[node] === 1) this.#addFixed(cost, node, start, free);
    const { order, isExact } = this.#hang(free);
    const crossing = new Float64Array(nodes);
    const landing = new Uint16Array(nodes);
    for (const { node, parent, link } of order.toReversed()) {
      if (link === undefined) continue;
      this.#findCrossing(cost, node, link, crossing, landing);
      const isUp = link.from === parent;
      for (let place = 0; place < places; place++) {
        const stay = link.joins ? cost[node * places + place]! : Number.POSITIVE_INFINITY;
        const go = crossing[node]! + this.#end(link, isUp, place);
        cost[parent * places + place]! += Math.min(stay, go);
      }
    }
    const at = start.slice();
    for (const { node, parent, link } of order) {
      if (link === undefined) {
        at[node] = this.#cheapest(cost, node);
        continue;
      }
      const place = at[parent]!;
      const stay = link.joins ? cost[node * places + place]! : Number.POSITIVE_INFINITY;
      const go = crossing[node]! + this.#end(link, link.from === parent, place);
      const isTie = stay === go && landing[node] === 0;
      at[node] = stay <= go && !isTie ? place : landing[node]!;
    }
    return { at, isExact };
  }

  /** As many nodes, in that order, as form no cycle with each other. */
  chooseForest(order: readonly number[]): Uint8Array {
    const chosen = new Uint8Array(this.#problem.nodes);
    const sets = new DisjointSets(this.#problem.nodes);
    for (const node of order) {
      const neighbours = this.#edges[node]!.filter(({ other }) => chosen[other] === 1);
      const trees = new Set(neighbours.map(({ other }) => sets.find(other)));
      if (trees.size < neighbours.length) continue;
      chosen[node] = 1;
      for (const { other } of neighbours) sets.join(node, other);
    }
    return chosen;
  }

  /** Moves single nodes while that gains anything, each at most `rounds` times. */
  settle(start: Uint16Array, rounds: number): Uint16Array {
    const { nodes, places, cost } = this.#problem;
    const at = start.slice();
    const none = new Uint8Array(nodes);
    const row = cost.slice();
    for (let round = 0; round < rounds; round++) {
      let moved = false;
      for (let node = 0; node < nodes; node++) {
        row.set(cost.subarray(node * places, (node + 1) * places), node * places);
        this.#addFixed(row, node, at, none);
        const best = this.#cheapest(row, node);
        const isBetter = row[node * places + best]! < row[node * places + at[node]!]! - 1e-9;
        if (!isBetter) continue;
        at[node] = best;
        moved = true;
      }
      if (!moved) break;
    }
    return at;
  }

  /** Adds to a node's row what its links to fixed nodes cost. */
  #addFixed(cost: Float64Array, node: number, at: Uint16Array, free: Uint8Array): void {
    const { places } = this.#problem;
    for (const { link, other } of this.#edges[node]!) {
      if (free[other] === 1) continue;
      const theirs = at[other]!;
      const isUp = link.from === node;
      const far = this.#end(link, !isUp, theirs);
      for (let place = 0; place < places; place++) {
        if (link.joins && place === theirs) continue;
        cost[node * places + place]! += far + this.#end(link, isUp, place);
      }
    }
  }

  /** The free nodes in trees, each after the one that it hangs on. */
  #hang(free: Uint8Array): { order: Hanging[]; isExact: boolean } {
    const seen = new Uint8Array(this.#problem.nodes);
    const order: Hanging[] = [];
    let inTrees = 0;
    for (let root = 0; root < this.#problem.nodes; root++) {
      if (free[root] === 0 || seen[root] === 1) continue;
      seen[root] = 1;
      const from = order.length;
      order.push({ node: root, parent: -1, link: undefined });
      for (let next = from; next < order.length; next++) {
        const { node } = order[next]!;
        for (const { link, other } of this.#edges[node]!) {
          if (free[other] === 0 || seen[other] === 1) continue;
          seen[other] = 1;
          inTrees += 1;
          order.push({ node: other, parent: node, link });
        }
      }
    }
    const among = this.#problem.links.filter(({ from, to }) => free[from] === 1 && free[to] === 1);
    return { order, isExact: among.length === inTrees };
  }

  /** The least that a node and all that hangs on it cost when the frame crosses between it and its parent, without the parent's end. */
  #findCrossing(
    cost: Float64Array,
    node: number,
    link: Link,
    crossing: Float64Array,
    landing: Uint16Array,
  ): void {
    const { places } = this.#problem;
    const isUp = link.from === node;
    crossing[node] = Number.POSITIVE_INFINITY;
    for (let place = 0; place < places; place++) {
      const total = cost[node * places + place]! + this.#end(link, isUp, place);
      if (total >= crossing[node]!) continue;
      crossing[node] = total;
      landing[node] = place;
    }
  }

  /** What one end of a link costs at a place; `isUp`: the end that the frame leaves. */
  #end({ count, bytes }: Link, isUp: boolean, place: number): number {
    const { enter, leave, perByte } = this.#problem;
    return count * (isUp ? leave[place]! : enter[place]!) + bytes * perByte[place]!;
  }

  #cheapest(cost: Float64Array, node: number): number {
    const { places } = this.#problem;
    let best = 0;
    for (let place = 1; place < places; place++) {
      if (cost[node * places + place]! < cost[node * places + best]!) best = place;
    }
    return best;
  }
}

class DisjointSets {
  readonly #parents: Int32Array;

  constructor(size: number) {
    this.#parents = Int32Array.from({ length: size }, (_, n) => n);
  }

  find(member: number): number {
    let root = member;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = member; at !== root; ) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    this.#parents[this.find(a)] = this.find(b);
  }
}
