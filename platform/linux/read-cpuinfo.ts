// Reads /proc/cpuinfo: architecture, processors, model and features out of the shapes that x86 and ARM kernels write.
import { armCoreName } from "./arm-cores.ts";
import { lineOf } from "./read-value.ts";

export interface Cpuinfo {
  /** "x86_64", "aarch64", "arm"; undefined where the shape is none of these. */
  readonly arch: string | undefined;
  /** Processors that are listed; undefined where the text may have been cut, or lists none. */
  readonly processors: number | undefined;
  readonly model: string | undefined;
  /** The kernel's names of the first processor's features. */
  readonly flags: ReadonlySet<string>;
}

/** Files of the machine are cut at 256 KiB; a longer list of processors than this can't be trusted to be whole. */
const wholeTextLimit = 200_000;
/** A big.LITTLE has two or three kinds of cores. */
const mostKinds = 4;

/** Never throws; whatever isn't understood is undefined or empty. */
export function readCpuinfo(text: string): Cpuinfo {
  const count = text.match(/^processor\s*:/gm)?.length ?? 0;
  const x86Flags = firstValue(text, "flags");
  const armFeatures = firstValue(text, "Features");
  const flags = new Set((x86Flags ?? armFeatures ?? "").split(/\s+/, 1024).filter((flag) => flag !== ""));
  return {
    arch: archOf(text, flags),
    processors: count > 0 && text.length < wholeTextLimit ? count : undefined,
    model: armModel(text) ?? lineOf(firstValue(text, "model name") ?? firstValue(text, "Model Name")),
    flags,
  };
}

function archOf(text: string, flags: ReadonlySet<string>): string | undefined {
  // "lm", long mode, is what makes an x86 64 bits wide.
  if (/^flags\s*:/m.test(text)) return flags.has("lm") ? "x86_64" : "x86";
  if (!/^CPU (architecture|implementer)\s*:/m.test(text)) return undefined;
  // A 32-bit kernel writes 7 or 8 as the architecture of one and the same core; the names of its features differ for certain.
  if (flags.has("asimd") || flags.has("fp")) return "aarch64";
  if (["half", "thumb", "vfp", "neon", "swp"].some((name) => flags.has(name))) return "arm";
  return /^CPU architecture\s*:\s*(8|AArch64)\s*$/m.test(text) ? "aarch64" : "arm";
}

function armModel(text: string): string | undefined {
  const kinds = new Set<string>();
  let implementer: number | undefined;
  for (const [, key, hex = ""] of text.matchAll(/^CPU (implementer|part)\s*:\s*0x([0-9a-f]{1,4})\s*$/gim)) {
    const value = Number.parseInt(hex, 16);
    if (key?.toLowerCase() === "implementer") implementer = value;
    else if (implementer !== undefined) {
      const name = armCoreName(implementer, value);
      if (name !== undefined && kinds.size < mostKinds) kinds.add(name);
    }
  }
  return lineOf([...kinds].join(" + "));
}

function firstValue(text: string, key: string): string | undefined {
  return text.match(new RegExp(`^${key}[ \\t]*:[ \\t]*(.{0,8192})`, "m"))?.[1];
}
