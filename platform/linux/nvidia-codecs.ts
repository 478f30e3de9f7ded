// Codecs of NVIDIA's GPUs, which tell their generation and not their codecs.
import type { Absence, HardwareCodec } from "../contract/board-facts.ts";
import type { Answer, Machine } from "../contract/machine.ts";
import { distinct, type HardwareSeen, nothingSeen } from "./hardware-seen.ts";

interface Generation {
  /** Of its first GPU's compute capability. */
  readonly from: number;
  readonly decode: readonly string[];
  readonly encode: readonly string[];
}

const old = ["mpeg1video", "mpeg2video", "mpeg4", "vc1", "h264"];
const modern = [...old, "hevc", "vp8", "vp9"];

/** By compute capability, newest last; where the chips of one generation differ, what all of them do.
 * @see https://developer.nvidia.com/video-encode-and-decode-gpu-support-matrix-new */
const generations: readonly Generation[] = [
  { from: 3.0, decode: old, encode: ["h264"] },
  { from: 5.0, decode: old, encode: ["h264"] },
  { from: 5.2, decode: old, encode: ["h264", "hevc"] },
  { from: 6.0, decode: modern, encode: ["h264", "hevc"] },
  { from: 7.0, decode: modern, encode: ["h264", "hevc"] },
  // A100 and A30 have neither an encoder nor AV1.
  { from: 8.0, decode: modern, encode: [] },
  { from: 8.6, decode: [...modern, "av1"], encode: ["h264", "hevc"] },
  { from: 8.9, decode: [...modern, "av1"], encode: ["h264", "hevc", "av1"] },
  // H100, H200 and B200 decode only.
  { from: 9.0, decode: [...modern, "av1"], encode: [] },
  { from: 12.0, decode: [...modern, "av1"], encode: ["h264", "hevc", "av1"] },
];
/** Tegra's engines are driven by other means than NVENC and NVDEC. */
const tegra = [3.2, 5.3, 6.2, 7.2, 8.7, 11.0];
/** Small chips that were sold without the encoder. */
const withoutEncoder = /\b(GT 1010|GT 1030|MX\d{3})\b/;

/** The query that the GPU's facts come from as well. */
export const nvidiaQuery = [
  "--query-gpu=name,memory.total,memory.free,driver_version,compute_cap",
  "--format=csv,noheader,nounits",
] as const;

/** Folders of the driver's libraries: Debian's and Fedora's. */
const libraryFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
const videoLibraries = { nvdec: "libnvcuvid.so.1", nvenc: "libnvidia-encode.so.1" } as const;

/** @param answer to `nvidiaQuery`: a line a GPU, such as `NVIDIA GeForce RTX 3060, 12288, 11911, 550.54.14, 8.6`. */
export async function seeNvidiaCodecs(machine: Machine, answer: Answer<string>): Promise<HardwareSeen> {
  if (!answer.ok) return nothingSeen;
  const codecs = answer.value.split("\n", 32).flatMap((line, index) =>
    listCodecs(
      line.split(",").map((field) => field.trim()),
      index,
    ),
  );
  if (codecs.length === 0) return nothingSeen;
  const missing = await findMissing(machine);
  const usable = codecs.filter(({ api }) => !missing.some((known) => known === api));
  if (usable.length === codecs.length) return { codecs: distinct(usable), absences: [] };
  const names = missing.map((api) => videoLibraries[api]).join(" and ");
  const absence: Absence = {
    about: "codecs",
    code: "not-present",
    detail: `The GPU's codecs can't be used: NVIDIA's driver is here without ${names}.`,
    mend: "Install them (Debian: libnvidia-encode1, libnvcuvid1); a container needs NVIDIA_DRIVER_CAPABILITIES=video,compute,utility",
  };
  return { codecs: distinct(usable), absences: [absence] };
}

/** Containers get the driver's libraries by kind, and often not those for video. Where CUDA's own library isn't in a known folder, nothing
 * can be told of the others. */
async function findMissing(machine: Machine): Promise<(keyof typeof videoLibraries)[]> {
  const isThere = async (path: string): Promise<boolean> => (await machine.resolve(path)) !== undefined;
  for (const folder of libraryFolders) {
    if (!(await isThere(`${folder}/libcuda.so.1`))) continue;
    const [nvdec, nvenc] = await Promise.all([
      isThere(`${folder}/${videoLibraries.nvdec}`),
      isThere(`${folder}/${videoLibraries.nvenc}`),
    ]);
    return [...(nvdec ? [] : (["nvdec"] as const)), ...(nvenc ? [] : (["nvenc"] as const))];
  }
  return [];
}

function listCodecs(fields: readonly string[], index: number): HardwareCodec[] {
  const [name, computeCapability] = [fields[0] ?? "", fields.at(-1) ?? ""];
  if (fields.length < 5 || !/^\d{1,2}\.\d$/.test(computeCapability)) return [];
  const value = Number(computeCapability);
  const generation = generations.findLast(({ from }) => from <= value);
  if (generation === undefined || tegra.includes(value)) return [];
  const device = `/dev/nvidia${index}`;
  const encode = withoutEncoder.test(name) ? [] : generation.encode;
  return [
    ...generation.decode.map((codec) => ({
      codec,
      direction: "decode" as const,
      api: "nvdec" as const,
      device,
    })),
    ...encode.map((codec) => ({ codec, direction: "encode" as const, api: "nvenc" as const, device })),
  ];
}
