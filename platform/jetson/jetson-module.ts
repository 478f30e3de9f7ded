// Which Jetson a module is, by its part number in the device tree, and what its engines can do.

/** What sits on the board; engines by FFmpeg's codec names. */
export interface JetsonModule {
  /** "Jetson Orin Nano". */
  readonly name: string;
  readonly gpu: string;
  readonly decode: readonly string[];
  readonly encode: readonly string[];
}

interface Chip {
  readonly gpu: string;
  readonly decode: readonly string[];
  readonly encode: readonly string[];
}

const basic = ["h264", "hevc", "vp8", "vp9", "mpeg2video", "mpeg4"];

/** By the chip's name in the device tree.
 * @see https://docs.nvidia.com/jetson/archives/r36.4/DeveloperGuide/SD/Multimedia/AcceleratedGstreamer.html */
const chips: Readonly<Record<string, Chip>> = {
  tegra210: { gpu: "Tegra X1 (Maxwell)", decode: basic, encode: ["h264", "hevc", "vp8"] },
  tegra186: { gpu: "Tegra X2 (Pascal)", decode: basic, encode: ["h264", "hevc", "vp8", "vp9"] },
  tegra194: { gpu: "Xavier (Volta)", decode: basic, encode: ["h264", "hevc", "vp9"] },
  tegra234: { gpu: "Orin (Ampere)", decode: [...basic, "av1"], encode: ["h264", "hevc", "av1"] },
  tegra264: { gpu: "Thor (Blackwell)", decode: [...basic, "av1"], encode: ["h264", "hevc"] },
};

/** Part numbers, the longer first: p3767 is Orin NX or, by its variant, Orin Nano, which has no encoder.
 * @see https://docs.nvidia.com/jetson/archives/r36.4/DeveloperGuide/IN/QuickStart.html */
const modules: readonly (readonly [RegExp, string, string])[] = [
  [/p3767-000[345]/, "Jetson Orin Nano", "tegra234"],
  [/p3767/, "Jetson Orin NX", "tegra234"],
  [/p3701/, "Jetson AGX Orin", "tegra234"],
  [/p3668/, "Jetson Xavier NX", "tegra194"],
  [/p2888/, "Jetson AGX Xavier", "tegra194"],
  [/p3636/, "Jetson TX2 NX", "tegra186"],
  [/p3310|p3489/, "Jetson TX2", "tegra186"],
  [/p3448|p3450/, "Jetson Nano", "tegra210"],
  [/p2180/, "Jetson TX1", "tegra210"],
  [/p3834/, "Jetson Thor", "tegra264"],
];

/** @param compatible names of the device tree's root, such as `nvidia,p3768-0000+p3767-0005`. Undefined for a chip that isn't known. */
export function findModule(compatible: readonly string[]): JetsonModule | undefined {
  const names = compatible.filter((name) => name.startsWith("nvidia,"));
  const known = modules.find(([part]) => names.some((name) => part.test(name)));
  const chipName = known?.[2] ?? Object.keys(chips).find((chip) => names.includes(`nvidia,${chip}`));
  const chip = chipName === undefined ? undefined : chips[chipName];
  if (chip === undefined) return undefined;
  const name = known?.[1] ?? "Jetson";
  return { name, ...chip, encode: name === "Jetson Orin Nano" ? [] : chip.encode };
}

/** "p3767-0005 on p3768-0000" of `nvidia,p3768-0000+p3767-0005-super`; undefined where no name has such a part. */
export function findPart(compatible: readonly string[]): string | undefined {
  for (const name of compatible) {
    const pair = /^nvidia,(p\d{4}-\d{4})(?:-\w+)?\+(p\d{4}-\d{4})\b/.exec(name);
    if (pair !== null) return `${pair[2]} on ${pair[1]}`;
  }
  const single = compatible.map((name) => /^nvidia,(p\d{4}-\d{4})\b/.exec(name)?.[1]);
  return single.find((part) => part !== undefined);
}

/** "36.4.3" of `# R36 (release), REVISION: 4.3, GCID: …`; undefined where this isn't NVIDIA's file. */
export function parseL4tVersion(text: string): string | undefined {
  const match = /^# R(\d{1,3}) \(release\), REVISION: (\d{1,3}(?:\.\d{1,3}){0,2})\b/m.exec(text);
  return match === null ? undefined : `${match[1]}.${match[2]}`;
}
