// Recognises the two helper modules that wit-component puts beside a guest that imports `log`, by their bytes.
import { scanCore } from "./scan.ts";
import { sectionId } from "./section.ts";
import { coreSignature } from "./world-shape.ts";

/** The shim's exports: the function that stands in for the lowered import, and the table that it calls through. */
export const shimFunction = "0";
export const shimTable = "$imports";

/** One body: passes its three parameters on to the function in slot 0 of the table. */
const shimCode = [1, 13, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0x41, 0, 0x11, 0, 0, 0x0b];
/** One active segment: function 0 into slot 0 of table 0. */
const fixupElements = [1, 0, 0x41, 0, 0x0b, 1, 0];

/** Whether a core module is the shim for one function of `log.write`'s signature. Throws as `scanCore` does. */
export function isShimModule(bytes: Uint8Array): boolean {
  const facts = scanCore(bytes);
  const ids = [sectionId.type, sectionId.function, sectionId.table, sectionId.export, sectionId.code];
  const func = facts.exports.find(({ name }) => name === shimFunction);
  const table = facts.exports.find(({ name }) => name === shimTable);
  return (
    facts.sections.map(({ id }) => id).join() === ids.join() &&
    isWriteType(facts.types[0]) &&
    facts.functionTypes.join() === "0" &&
    facts.tables.length === 1 &&
    facts.exports.length === 2 &&
    func?.kind === "function" &&
    table?.kind === "table" &&
    payload(bytes, facts.sections[4]!) === shimCode.join()
  );
}

export interface CoreName {
  readonly module: string;
  readonly name: string;
}

/** The names of the fixup's imports when a core module is the fixup that fills the shim's table, else undefined. */
export function isFixupModule(bytes: Uint8Array): { func: CoreName; table: CoreName } | undefined {
  const facts = scanCore(bytes);
  const ids = [sectionId.type, sectionId.import, sectionId.element];
  const [func, table] = facts.imports;
  if (facts.sections.map(({ id }) => id).join() !== ids.join() || facts.imports.length !== 2)
    return undefined;
  if (func?.kind !== "function" || table?.kind !== "table" || !isWriteType(facts.types[0])) return undefined;
  if (facts.functionTypes[0] !== 0) return undefined;
  return payload(bytes, facts.sections[2]!) === fixupElements.join() ? { func, table } : undefined;
}

function isWriteType(type: { parameters: Uint8Array; results: Uint8Array } | undefined): boolean {
  const [parameters] = coreSignature.write;
  return type !== undefined && type.results.length === 0 && type.parameters.join() === parameters.join();
}

function payload(bytes: Uint8Array, section: { start: number; end: number }): string {
  return bytes.subarray(section.start, Math.min(section.end, section.start + 64)).join();
}
