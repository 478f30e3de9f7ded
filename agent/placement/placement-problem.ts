// Placement as numbers: what each node costs at each place, and each way between two.

/** The connections from one node to another, by index: at most one of these a pair. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** How many there are, and the bytes of their frames together. */
  readonly count: number;
  readonly bytes: number;
  /** Whether both ends share a stage, and so no way, when they are at one place. Where several connections meet, a stage begins: its frames come from
   * the caller, whoever they are of. */
  readonly joins: boolean;
}

/** Everything crosses at the caller: a frame from one peer to another comes back first. So a way is the sum of two ends'. */
export interface PlacementProblem {
  readonly nodes: number;
  /** Index 0 comes first where costs are equal. */
  readonly places: number;
  /** A row of `places` a node; Infinity where it may not be. Each row has one that is finite. */
  readonly cost: Float64Array;
  readonly links: readonly Link[];
  /** What it costs to enter a place and to leave it, and that again for each byte. */
  readonly enter: Float64Array;
  readonly leave: Float64Array;
  readonly perByte: Float64Array;
}

/** What an assignment costs. */
export function totalCost({ cost, places, links, ...ends }: PlacementProblem, at: Uint16Array): number {
  let total = 0;
  for (const [node, place] of at.entries()) total += cost[node * places + place]!;
  for (const link of links) total += wayCost(ends, link, at[link.from]!, at[link.to]!);
  return total;
}

/** What a connection costs between two places. */
export function wayCost(
  { enter, leave, perByte }: Pick<PlacementProblem, "enter" | "leave" | "perByte">,
  { count, bytes, joins }: Link,
  from: number,
  to: number,
): number {
  if (joins && from === to) return 0;
  return count * (leave[from]! + enter[to]!) + bytes * (perByte[from]! + perByte[to]!);
}
