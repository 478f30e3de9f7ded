// The hard rules: why a node may not run at a place, whatever its score would be.
import { printable } from "../../platform/base/printable.ts";
import { type Match, matchCapabilities, type Reason } from "../capability/match-capabilities.ts";
import { nodeWorld } from "../capability/world.ts";
import { quote } from "../manifest/json-path.ts";
import type { ResolvedNode } from "../manifest/resolved.ts";
import { matchHost } from "./match-host.ts";
import type { Place } from "./place.ts";

/** Why a node may not run there. */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly unmet: readonly Reason[];
}

const bytesInMib = 2 ** 20;
const matched: Match = { verdict: "matched" };

/** Holds nodes against places. Answers that cost something are kept. */
export class PlaceRules {
  readonly #places: readonly Place[];
  readonly #types: ReadonlyMap<Place, ReadonlySet<string>>;
  readonly #pinned = new Map<string, readonly Place[]>();
  readonly #matches = new Map<string, Map<Place, Match>>();
  readonly #needs = new Map<ResolvedNode, string>();

  constructor(places: readonly Place[]) {
    this.#places = places;
    this.#types = new Map(places.map((place) => [place, new Set(place.statement.node_types)]));
  }

  /** Undefined where it may. Who may not run there for its own sake (barred, elsewhere by the manifest's word) isn't asked what it has. */
  find(node: ResolvedNode, place: Place): Refusal | undefined {
    const word = this.#findWord(node, place);
    if (word !== undefined) return { reasons: [word], unmet: [] };
    const lacks = place.id === "local" ? [] : this.#findLacks(node, place);
    const match = this.match(node, place);
    const unmet = match.verdict === "refused" ? match.reasons : [];
    if (lacks.length === 0 && unmet.length === 0) return undefined;
    return { reasons: [...lacks, ...unmet.map(explainReason)], unmet };
  }

  /** What it has of what the node requires and prefers. */
  match(node: ResolvedNode, place: Place): Match {
    const key = this.#keyOf(node);
    if (key === "[]") return matched;
    const known = this.#matches.get(key) ?? new Map<Place, Match>();
    this.#matches.set(key, known);
    const match = known.get(place) ?? matchCapabilities(node.requirements, place.statement);
    known.set(place, match);
    return match;
  }

  /** The places that the node's `host` names; undefined where it isn't pinned. */
  pinnedTo({ host }: ResolvedNode): readonly Place[] | undefined {
    if (host === undefined) return undefined;
    const known = this.#pinned.get(host) ?? matchHost(host, this.#places);
    this.#pinned.set(host, known);
    return known;
  }

  #keyOf(node: ResolvedNode): string {
    const known = this.#needs.get(node);
    if (known !== undefined) return known;
    const key = JSON.stringify(node.requirements.filter((needs) => Object.keys(needs).length > 0));
    this.#needs.set(node, key);
    return key;
  }

  #findWord(node: ResolvedNode, place: Place): string | undefined {
    const isLocal = place.id === "local";
    if (place.barred !== undefined) return printable(place.barred, 200);
    if (!isLocal && node.runtime === "native") return "the node is an end of this very device";
    const pinned = this.pinnedTo(node);
    if (pinned !== undefined && !pinned.includes(place)) return "not the host it is pinned to";
    if (pinned !== undefined && pinned.length > 1) return "not the only host of that name";
    if (!isLocal && hasGrants(node)) return "a node with grants stays on the device that grants them";
    const { prefer } = node.placement;
    if (prefer !== undefined && !prefer.includes(isLocal ? "local" : "peer")) {
      return `its \`placement.prefer\` has only ${quote(prefer[0]!)}`;
    }
    return undefined;
  }

  /** Of this machine, resolving and preparing the pipeline have shown all this. */
  #findLacks(node: ResolvedNode, place: Place): string[] {
    const { statement } = place;
    const lacks: string[] = [];
    if (node.trust === "module" && !statement.wit.includes(nodeWorld)) {
      lacks.push(`doesn't run modules of ${nodeWorld}`);
    }
    if (node.trust === "builtin" && !this.#types.get(place)?.has(node.type)) {
      lacks.push(`doesn't know the node type ${node.type}`);
    }
    const most = statement.sandbox.max_memory_mb;
    const wants = node.limits.maxMemoryBytes / bytesInMib;
    if (wants > most) lacks.push(`gives a node at most ${most} MiB of memory, and its limit is ${wants}`);
    return lacks;
  }
}

function hasGrants({ grants }: ResolvedNode): boolean {
  return grants.filesystem !== undefined || grants.network !== undefined;
}

/** With what the machine itself says about why. */
export function explainReason({ text, absent }: Reason): string {
  return absent === undefined ? text : `${text} (${absent.detail})`;
}
