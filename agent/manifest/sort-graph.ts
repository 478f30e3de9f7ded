// Orders nodes so that each comes after all that feed it, and finds the cycle where that is impossible.

type SortedGraph =
  | { readonly order: readonly string[]; readonly cycle?: undefined }
  /** The nodes on one cycle, in the direction of the frames; each is there once. */
  | { readonly cycle: readonly string[]; readonly order?: undefined };

/** Sorts `ids` along `edges`. Where several could come next, the earlier one in `ids` does. Edges between other ids are ignored. */
export function sortGraph(ids: readonly string[], edges: Iterable<readonly [string, string]>): SortedGraph {
  const successors = new Map<string, string[]>(ids.map((id) => [id, []]));
  const waitingFor = new Map<string, Set<string>>(ids.map((id) => [id, new Set()]));
  for (const [from, to] of edges) {
    if (!successors.has(from) || !waitingFor.has(to)) continue;
    successors.get(from)!.push(to);
    waitingFor.get(to)!.add(from);
  }
  const position = new Map(ids.map((id, index) => [id, index]));
  const ready = ids.filter((id) => waitingFor.get(id)!.size === 0);
  const order: string[] = [];
  while (ready.length > 0) {
    const id = ready.shift()!;
    order.push(id);
    for (const next of successors.get(id)!) {
      const waiting = waitingFor.get(next)!;
      if (waiting.delete(id) && waiting.size === 0) insertSorted(ready, next, position);
    }
  }
  return order.length === position.size ? { order } : { cycle: findCycle(ids, order, waitingFor) };
}

function insertSorted(ready: string[], id: string, position: ReadonlyMap<string, number>): void {
  let low = 0;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (position.get(ready[middle]!)! < position.get(id)!) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, id);
}

/** What is left over waits for something that is left over too: going backwards from any of it must come round. */
function findCycle(
  ids: readonly string[],
  done: readonly string[],
  waitingFor: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const placed = new Set(done);
  const trail: string[] = [];
  let id = ids.find((one) => !placed.has(one))!;
  while (!trail.includes(id)) {
    trail.push(id);
    id = [...waitingFor.get(id)!][0]!;
  }
  const cycle = trail.slice(trail.indexOf(id)).reverse();
  // Begin with the node that the manifest names first, so that the same cycle always reads the same.
  const position = new Map(ids.map((one, index) => [one, index]));
  const start = cycle.reduce((best, one) => (position.get(one)! < position.get(best)! ? one : best));
  return [...cycle.slice(cycle.indexOf(start)), ...cycle.slice(0, cycle.indexOf(start))];
}
