// The error of nodes that nobody can run: every place, and why not.
import { printable } from "../../platform/base/printable.ts";
import { type JsonPath, quote } from "../manifest/json-path.ts";
import { ProblemList } from "../manifest/problem-list.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import type { PlaceRules, Refusal } from "./find-refusal.ts";
import type { Place } from "./place.ts";

/** A message names so many places; the rest are counted. */
const mostNamed = 64;

/** Nothing when each node has a place. Throws RemoteMediaError `placement-impossible`; several nodes are listed in its `problems`. */
export function refuseUnplaced(
  pipeline: ResolvedPipeline,
  places: readonly Place[],
  rules: PlaceRules,
): void {
  const problems = new ProblemList();
  for (const node of pipeline.nodes) {
    if (problems.full) break;
    if (places.some((place) => rules.find(node, place) === undefined)) continue;
    const refusals = places.map((place) => ({ place, refusal: rules.find(node, place)! }));
    const about = aboutPin(node, places, rules) ?? aboutWish(node, places);
    const said = refusals
      .slice(0, mostNamed)
      .map(({ place, refusal }) => `${nameOf(place, places)}: ${refusal.reasons.join("; ")}`);
    const more = places.length > mostNamed ? [`and ${places.length - mostNamed} more places`] : [];
    const message = `no place for ${quote(node.id)}: ${[...(about ?? []), ...said, ...more].join("; ")}`;
    const path: JsonPath = ["nodes", node.index, fieldOf(node)];
    const where = { ...pipeline.where(path), node: node.id };
    problems.add("placement-impossible", message, where, hintOf(node, refusals, rules));
  }
  problems.throwIfAny();
}

function aboutPin(
  node: ResolvedNode,
  places: readonly Place[],
  rules: PlaceRules,
): readonly string[] | undefined {
  const pinned = rules.pinnedTo(node);
  if (pinned === undefined) return undefined;
  const to = `it is pinned to ${quote(node.host!)}`;
  if (pinned.length > 1) {
    const named = pinned.slice(0, mostNamed).map((place) => `${nameOf(place, places)} at ${place.id}`);
    return [`${to}, which names ${pinned.length} places (${named.join(", ")})`];
  }
  if (pinned.length === 1) return [to];
  return [`${to}, and ${isAlone(places) ? "no peers are known" : "no known peer is called so"}`];
}

function aboutWish(node: ResolvedNode, places: readonly Place[]): readonly string[] | undefined {
  const isOnlyPeers = node.placement.prefer?.includes("local") === false;
  return isOnlyPeers && isAlone(places) ? ["no peers are known"] : undefined;
}

function isAlone(places: readonly Place[]): boolean {
  return places.every(({ id }) => id === "local");
}

/** As people call it; with its id where another has the same name. */
function nameOf({ id, name }: Place, places: readonly Place[]): string {
  if (id === "local") return id;
  const line = printable(name, 64);
  const isShared =
    line === "" || line === "local" || places.filter((other) => other.name === name).length > 1;
  return isShared ? `${line} (${id})` : line;
}

function fieldOf({ host, placement, requirements }: ResolvedNode): string {
  if (host !== undefined) return "host";
  const needs = requirements.some((requirement) => Object.keys(requirement).length > 0);
  return needs || placement.prefer === undefined ? "capabilities" : "placement";
}

function hintOf(
  node: ResolvedNode,
  refusals: readonly { readonly place: Place; readonly refusal: Refusal }[],
  rules: PlaceRules,
): string {
  const pinned = rules.pinnedTo(node);
  if (pinned !== undefined && pinned.length > 1) return "write the device id of the one that is meant";
  if (pinned !== undefined) return "remove `host` to run the node here";
  // What another machine could be mended with is its own people's business.
  const here = refusals.find(({ place }) => place.id === "local")?.refusal.unmet ?? [];
  const mends = new Set(here.flatMap(({ absent }) => absent?.mend ?? []));
  return [...mends].join("; ") || "run it on a machine that has this, or relax the requirement";
}
