// placeNodes: which machine runs which node, and why.
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import { assignPlaces } from "./assign-places.ts";
import { TimeEstimates } from "./estimate-times.ts";
import { explainReason, PlaceRules } from "./find-refusal.ts";
import type {
  Assignment,
  ConsideredPlace,
  NodePlacementDecision,
  Place,
  PlacementFacts,
  PlaceTimes,
  Score,
} from "./place.ts";
import { PlacementCosts } from "./placement-costs.ts";
import { refuseUnplaced } from "./refuse-unplaced.ts";

/** Decides for every node where it runs. Pure; the same arguments give the same answer, in whatever order the places come.
 *
 * First the rules that nothing outweighs: a node's own ends stay here, `host`, grants, what it requires, what the place knows and allows.
 * Of what is left, a node goes to the places that its `placement.prefer` names first, passing over those that take longer there and back
 * than its `deadline_ms` while any other is in time. Among these the sum of all nodes' times and all ways between them is made least,
 * by the nodes' policies, so that neighbours stay together when the way costs more than the computing saves. It is the sum, not the longest path:
 * branches at one place share its processor. A peer must gain a tenth of the computing and a millisecond an entry, so that a tie stays here.
 *
 * @throws RemoteMediaError `placement-impossible`, naming for each node that has none every place and why not */
export function placeNodes(
  pipeline: ResolvedPipeline,
  places: readonly Place[],
  facts: PlacementFacts = {},
): Assignment {
  const search = new Search(pipeline, places, facts);
  refuseUnplaced(pipeline, search.places, search.rules);
  const at = assignPlaces(search.costs.problem((node, place) => search.isFirstChoice(node, place)));
  const decisions = pipeline.nodes.map((node, index): NodePlacementDecision => {
    let considered: readonly ConsideredPlace[] | undefined;
    return {
      node: node.id,
      place: search.places[at[index]!]!.id,
      get considered() {
        considered ??= search.consider(index, at);
        return considered;
      },
    };
  });
  return {
    decisions: new Map(decisions.map((decision) => [decision.node, decision])),
    score: search.costs.total(at),
    current: facts.current && search.scoreOf(facts.current),
  };
}

/** How gladly a node goes to a place. */
interface Gladness {
  /** It is measured, or reckoned from measurements, to take longer there and back than `deadline_ms`. */
  readonly isLate: boolean;
  /** Position in `placement.prefer`; 0 where it doesn't say. */
  readonly wish: number;
}

class Search {
  readonly places: readonly Place[];
  readonly rules: PlaceRules;
  readonly costs: PlacementCosts;
  readonly #nodes: readonly ResolvedNode[];
  readonly #estimates: TimeEstimates;
  readonly #gladness: readonly (readonly (Gladness | undefined)[])[];
  readonly #best: readonly number[];

  constructor(pipeline: ResolvedPipeline, places: readonly Place[], facts: PlacementFacts) {
    this.places = inOrder(places);
    this.rules = new PlaceRules(this.places);
    this.#nodes = pipeline.nodes;
    this.#estimates = new TimeEstimates(pipeline, this.places, this.rules, facts);
    this.costs = new PlacementCosts(pipeline, this.places, this.#estimates, facts);
    this.#gladness = pipeline.nodes.map((node) =>
      this.places.map((place, at) =>
        this.rules.find(node, place) === undefined ? this.#gladnessOf(node, at) : undefined,
      ),
    );
    this.#best = this.#gladness.map((row) => Math.min(...row.map(tierOf)));
  }

  isFirstChoice(node: number, place: number): boolean {
    const tier = tierOf(this.#gladness[node]![place]);
    return tier < Number.POSITIVE_INFINITY && tier === this.#best[node];
  }

  /** Undefined where a node is at none of the places, or at one that refuses it. */
  scoreOf(placeOf: (node: string) => string | undefined): Score | undefined {
    const at = this.#nodes.map(({ id }) => {
      const place = placeOf(id);
      return this.places.findIndex((known) => known.id === place);
    });
    const stands = at.every((place, node) => place >= 0 && this.#gladness[node]![place] !== undefined);
    return stands ? this.costs.total(at) : undefined;
  }

  /** Every place for one node, all others being where they are placed. */
  consider(node: number, at: ArrayLike<number>): ConsideredPlace[] {
    const order = this.places.map((_, place) => ({
      place,
      tier: tierOf(this.#gladness[node]![place]),
      score: this.costs.score(node, place, at),
    }));
    const first = (place: number) => (place === at[node] ? 0 : 1);
    const sorted = order.toSorted(
      (a, b) =>
        first(a.place) - first(b.place) ||
        compare(a.tier, b.tier) ||
        a.score.rank - b.score.rank ||
        a.score.ms - b.score.ms ||
        a.place - b.place,
    );
    return sorted.map(({ place, tier, score }) =>
      tier === Number.POSITIVE_INFINITY ? this.#refused(node, place) : this.#fitting(node, place, at, score),
    );
  }

  #refused(node: number, at: number): ConsideredPlace {
    const { id: place, name } = this.places[at]!;
    const { reasons, unmet } = this.rules.find(this.#nodes[node]!, this.places[at]!)!;
    const nothing = { tier: Number.POSITIVE_INFINITY, score: undefined, times: undefined, missing: [] };
    return { place, name, verdict: "refused", reasons, unmet, ...nothing };
  }

  #fitting(node: number, at: number, all: ArrayLike<number>, score: Score): ConsideredPlace {
    const { id: place, name } = this.places[at]!;
    const resolved = this.#nodes[node]!;
    const times = this.#estimates.times(resolved, at);
    const match = this.rules.match(resolved, this.places[at]!);
    const missing = match.verdict === "degraded" ? match.missing : [];
    const gladness = this.#gladness[node]![at]!;
    const policy = this.costs.explainPolicy(node, at);
    const { waysMs, leavingMs } = this.costs.explainWays(node, at, all);
    const { prefer, deadline_ms: deadlineMs } = resolved.placement;
    const reasons = [
      `computes in ${ms(times.computeMs)}${certainty[times.known]}`,
      ...(waysMs > 0 ? [`ways to and from it ${ms(waysMs)}`] : []),
      ...(place !== "local" && times.queueMs > 0 ? [`of that, frames wait ${ms(times.queueMs)}`] : []),
      ...(leavingMs > 0 ? [`${ms(leavingMs)} against leaving this device`] : []),
      ...(policy === undefined ? [] : [policy]),
      ...missing.map(explainReason),
      ...(gladness.wish > 0 ? [`\`placement.prefer\` has "${prefer![0]}" before it`] : []),
      ...(gladness.isLate
        ? [`${ms(thereAndBack(times))} there and back, over its deadline of ${deadlineMs} ms`]
        : []),
    ];
    const verdict = at === all[node] ? "chosen" : "fallback";
    return { place, name, verdict, tier: tierOf(gladness), score, times, reasons, unmet: [], missing };
  }

  #gladnessOf(node: ResolvedNode, at: number): Gladness {
    const { prefer, deadline_ms: deadlineMs } = node.placement;
    const wish = prefer?.indexOf(this.places[at]!.id === "local" ? "local" : "peer") ?? 0;
    const isLate = deadlineMs !== undefined && thereAndBack(this.#estimates.times(node, at)) > deadlineMs;
    return { isLate, wish };
  }
}

const certainty = { measured: "", scaled: ", by its time elsewhere", guessed: ", a guess" } as const;

/** What is only guessed of a node says nothing about its deadline. */
function thereAndBack({ computeMs, known, queueMs, thereMs, backMs }: PlaceTimes): number {
  return (known === "guessed" ? 0 : computeMs) + queueMs + thereMs + backMs;
}

function tierOf(gladness: Gladness | undefined): number {
  return gladness === undefined ? Number.POSITIVE_INFINITY : (gladness.isLate ? 2 : 0) + gladness.wish;
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Local first, the others by id: neither the answer nor its order depends on who was heard of first. One place an id. */
function inOrder(places: readonly Place[]): Place[] {
  const known = new Map(places.toReversed().map((place) => [place.id, place]));
  const key = ({ id }: Place) => (id === "local" ? "" : id);
  return [...known.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}
