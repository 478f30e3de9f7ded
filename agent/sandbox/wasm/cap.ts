// Lowers the declared maxima of a core module's memory and tables, so that growth past them gives -1 to the guest.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { complexityLimits } from "./complexity.ts";
import { readImports, readTableType } from "./declaration.ts";
import { ByteReader } from "./reader.ts";
import { coreSections, sectionId } from "./section.ts";
import { type Limits, readLimits } from "./value-type.ts";
import { ByteWriter } from "./writer.ts";

/** The most that a module may have. */
export interface Caps {
  /** Of 64 KiB each. */
  readonly memoryPages: number;
  /** Of each table. */
  readonly tableElements: number;
}

const pageKib = 64;

/** Gives the module with the maxima of its memory and tables, imported ones too, at most at the caps; the rest of it is
 * copied unread, custom sections are left out. A module and the one that it imports a memory from still fit each other
 * when both are capped. Throws `module-limit` when a declared minimum is over its cap, naming both numbers. */
export function capCore(bytes: Uint8Array, caps: Caps): Uint8Array {
  const out = new ByteWriter(bytes.length + 64);
  out.bytes(bytes.subarray(0, 8));
  for (const section of coreSections(bytes)) {
    const reader = new ByteReader(bytes, section.start, section.end);
    const payload = cappedPayload(section.id, reader, caps) ?? bytes.subarray(section.start, section.end);
    out.u8(section.id).sized(payload);
  }
  return out.copy();
}

function cappedPayload(id: number, reader: ByteReader, caps: Caps): Uint8Array | undefined {
  if (id === sectionId.import) return cappedImports(reader, caps);
  if (id !== sectionId.memory && id !== sectionId.table) return undefined;
  const count = reader.u32();
  const out = new ByteWriter(64).u32(count);
  for (let left = count; left > 0; left--) {
    if (id === sectionId.memory) {
      writeCapped(out, readLimits(reader, "memory"), "memory", caps);
    } else {
      const start = reader.offset;
      const limits = readTableType(reader);
      out.u8(reader.bytes[start]!);
      writeCapped(out, limits, "table", caps);
    }
  }
  return out.view();
}

/** Copies the import section with its memories' and tables' limits replaced: those end the import they are in. */
function cappedImports(reader: ByteReader, caps: Caps): Uint8Array {
  const out = new ByteWriter(reader.end - reader.offset + 64);
  let copied = reader.offset;
  const replace = (limits: Limits, of: "memory" | "table", from: number): void => {
    out.bytes(reader.bytes.subarray(copied, from));
    writeCapped(out, limits, of, caps);
    copied = reader.offset;
  };
  readImports(reader, complexityLimits, {
    onImport: () => {},
    onFunction: () => {},
    // The byte of the element type comes before a table's limits.
    onTable: (limits, start) => replace(limits, "table", start + 1),
    onMemory: (limits, start) => replace(limits, "memory", start),
  });
  return out.bytes(reader.bytes.subarray(copied, reader.end)).view();
}

function writeCapped(out: ByteWriter, limits: Limits, of: "memory" | "table", caps: Caps): void {
  const most = of === "memory" ? caps.memoryPages : caps.tableElements;
  if (limits.min > most) {
    const message =
      of === "memory"
        ? `declares ${limits.min} pages of memory (${limits.min * pageKib} KiB); it may have ${most} (${most * pageKib} KiB)`
        : `declares a table of ${limits.min} elements; it may have ${most}`;
    throw new RemoteMediaError("module-limit", message);
  }
  out
    .u8(1)
    .u32(limits.min)
    .u32(Math.min(limits.max ?? most, most));
}
