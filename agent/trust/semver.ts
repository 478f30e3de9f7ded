// Semantic versions: which of two is the older one.

/** The form that the specification gives, at most 128 characters. @see https://semver.org/spec/v2.0.0.html */
const form =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const maxLength = 128;

/** Whether a value is the text of a semantic version. */
export function isSemver(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxLength && form.test(value);
}

/** Below zero where `one` comes before `other`, above where it comes after, zero where neither does: build metadata doesn't
 * count. Both must be semantic versions. */
export function compareSemver(one: string, other: string): number {
  const [, ...a] = form.exec(one) ?? [];
  const [, ...b] = form.exec(other) ?? [];
  for (let index = 0; index < 3; index += 1) {
    const order = compareNumbers(a[index] ?? "0", b[index] ?? "0");
    if (order !== 0) return order;
  }
  return comparePreReleases(a[3], b[3]);
}

/** A pre-release comes before its release. */
function comparePreReleases(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined)
    return Number(one === undefined) - Number(other === undefined);
  const a = one.split(".");
  const b = other.split(".");
  for (const [index, identifier] of a.entries()) {
    const counterpart = b[index];
    if (counterpart === undefined) return 1;
    const order = compareIdentifiers(identifier, counterpart);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers come before words. */
function compareIdentifiers(one: string, other: string): number {
  const numeric = [one, other].map((identifier) => /^\d+$/.test(identifier));
  if (numeric[0] && numeric[1]) return compareNumbers(one, other);
  if (numeric[0] || numeric[1]) return numeric[0] ? -1 : 1;
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Digits without leading zeros, of any length: numbers of JavaScript would round them. */
function compareNumbers(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one === other ? 0 : one < other ? -1 : 1;
}
