// Reads a component's outer structure: where its core modules lie, what it imports and exports by name.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { componentLimits } from "./complexity.ts";
import {
  componentSectionId,
  nextSection,
  readComponentExport,
  readExternDescription,
  readExternName,
  readList,
  readPreamble,
} from "./component-section.ts";
import { ByteReader } from "./reader.ts";

/** A core module inside a component: `bytes[start, end)`, preamble included. */
export interface ModuleRange {
  readonly start: number;
  readonly end: number;
}

/** What a component is made of. */
export interface ComponentFacts {
  /** In the order in which they appear, those of nested components included. */
  readonly coreModules: readonly ModuleRange[];
  /** Names of the outermost component's imports, for example `wasi:cli/stdout@0.2.3`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly nestedComponents: number;
}

/** Walks a component and the components in it, without recursion. Core modules are located, not read.
 * Throws `module-invalid` or `module-too-complex`. */
export function scanComponent(bytes: Uint8Array): ComponentFacts {
  atMost(bytes.length, componentLimits.bytes, "bytes in a component");
  const coreModules: ModuleRange[] = [];
  const imports: string[] = [];
  const exports: string[] = [];
  let nestedComponents = 0;
  const outermost = new ByteReader(bytes);
  readPreamble(outermost);
  const open = [outermost];
  for (;;) {
    const reader = open[open.length - 1];
    if (reader === undefined) break;
    const section = nextSection(reader);
    if (section === undefined) {
      open.pop();
      continue;
    }
    const payload = new ByteReader(bytes, section.start, section.end);
    if (section.id === componentSectionId.coreModule) {
      coreModules.push({ start: section.start, end: section.end });
      atMost(coreModules.length, componentLimits.coreModules, "core modules in a component");
    } else if (section.id === componentSectionId.component) {
      readPreamble(payload);
      open.push(payload);
      atMost(open.length, componentLimits.nesting, "components inside each other");
      atMost(++nestedComponents, componentLimits.components, "components in a component");
    } else if (open.length === 1 && section.id === componentSectionId.import) {
      imports.push(...readList(payload, readImportName));
      atMost(imports.length, componentLimits.items, "imports of a component");
    } else if (open.length === 1 && section.id === componentSectionId.export) {
      exports.push(...readList(payload, readComponentExport).map(({ name }) => name));
      atMost(exports.length, componentLimits.items, "exports of a component");
    }
  }
  return { coreModules, imports, exports, nestedComponents };
}

function readImportName(reader: ByteReader): string {
  const name = readExternName(reader);
  readExternDescription(reader);
  return name;
}

function atMost(value: number, most: number, what: string): void {
  if (value > most)
    throw new RemoteMediaError("module-too-complex", `${value} ${what}; at most ${most} are taken`);
}
