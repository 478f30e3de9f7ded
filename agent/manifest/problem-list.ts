// Collects what a check finds, so that one run of `validate` shows every mistake, not the first.
import { type ErrorWhere, RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { quote } from "./json-path.ts";

/** A document of nothing but mistakes is cut here: nobody reads further, and each one costs a search for near names. */
export const maxProblems = 100;

export class ProblemList {
  readonly #problems: RemoteMediaError[] = [];

  get full(): boolean {
    return this.#problems.length >= maxProblems;
  }

  add(code: ErrorCode, message: string, where: ErrorWhere, hint?: string): void {
    if (this.full) return;
    this.#problems.push(
      new RemoteMediaError(code, message, hint === undefined ? { where } : { where, hint }),
    );
  }

  /** Nothing when nothing was found. Throws the only problem as it is; several as one error that has the first one's code, place and hint, and lists all
   * in `problems`, in the order of the document. */
  throwIfAny(): void {
    const problems = this.#problems.toSorted(byPlace);
    const [first] = problems;
    if (first === undefined) return;
    if (problems.length === 1) throw first;
    const more = problems.length - 1;
    throw new RemoteMediaError(
      first.code,
      `${first.message} (and ${more} more ${more === 1 ? "problem" : "problems"})`,
      {
        ...(first.where ? { where: first.where } : {}),
        ...(first.hint ? { hint: first.hint } : {}),
        problems,
      },
    );
  }
}

function byPlace(a: RemoteMediaError, b: RemoteMediaError): number {
  const line = (a.where?.line ?? 0) - (b.where?.line ?? 0);
  return line === 0 ? (a.where?.column ?? 0) - (b.where?.column ?? 0) : line;
}

const longestName = 64;
const mostListed = 12;

/** `did you mean "factor"?`, or, where no known name is near, the known names. `none` is said when there are no known names. */
export function nameHint(name: string, known: Iterable<string>, none: string): string {
  const names = [...known];
  const near = name.length > longestName ? undefined : nearestName(name, names);
  if (near !== undefined) return `did you mean ${quote(near)}?`;
  if (names.length === 0) return none;
  const listed = names.slice(0, mostListed).map(quote).join(", ");
  return `known: ${listed}${names.length > mostListed ? `, and ${names.length - mostListed} more` : ""}`;
}
