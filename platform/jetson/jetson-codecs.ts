// A Jetson's codecs: its engines aren't desktop NVENC and NVDEC, and FFmpeg drives them only where it was built for them.
import type { Absence, FfmpegFacts, HardwareCodec } from "../contract/board-facts.ts";
import type { DeviceNode, Machine } from "../contract/machine.ts";
import type { JetsonModule } from "./jetson-module.ts";

type Direction = HardwareCodec["direction"];

interface Engine {
  readonly path: string;
  readonly file: DeviceNode;
}

/** Files that show an engine, the newer releases' first. */
const engineFiles: Readonly<Record<Direction, readonly string[]>> = {
  decode: ["/dev/v4l2-nvdec", "/dev/nvhost-nvdec"],
  encode: ["/dev/v4l2-nvenc", "/dev/nvhost-msenc"],
};
/** Endings of the implementations in NVIDIA's own FFmpeg (nvv4l2dec) and in the community's (nvmpi). */
const endings: Readonly<Record<Direction, readonly string[]>> = {
  decode: ["nvv4l2dec", "nvmpi"],
  encode: ["nvv4l2enc", "nvmpi"],
};
const stems: Readonly<Record<string, string>> = { mpeg2video: "mpeg2" };

/** The codecs of the module that an engine's file shows and FFmpeg drives; and for the rest why not. Their API is `v4l2m2m`: that is
 * what these engines speak, by NVIDIA's plugin. */
export async function seeJetsonCodecs(
  machine: Machine,
  module: JetsonModule,
  ffmpeg: FfmpegFacts | undefined,
): Promise<{ codecs: HardwareCodec[]; absences: Absence[] }> {
  const [decoder, encoder] = await Promise.all([
    findEngine(machine, "decode"),
    findEngine(machine, "encode"),
  ]);
  const absences: Absence[] = [];
  if (module.encode.length === 0) absences.push(noEncoder(module));
  if (ffmpeg === undefined) return { codecs: [], absences };
  const codecs = [
    ...driven("decode", module.decode, decoder, ffmpeg),
    ...driven("encode", module.encode, encoder, ffmpeg),
  ];
  const engines = [decoder, module.encode.length === 0 ? undefined : encoder].filter(
    (engine) => engine !== undefined,
  );
  const denied = engines.filter(({ file }) => !file.isAccessible);
  if (denied.length > 0) absences.push(explainDenied(denied[0]!));
  else if (engines.length > 0 && codecs.length === 0) absences.push(explainIdle(engines));
  return { codecs, absences };
}

async function findEngine(machine: Machine, direction: Direction): Promise<Engine | undefined> {
  for (const path of engineFiles[direction]) {
    const file = await machine.deviceNode(path);
    if (file !== undefined) return { path, file };
  }
  return undefined;
}

function driven(
  direction: Direction,
  names: readonly string[],
  engine: Engine | undefined,
  ffmpeg: FfmpegFacts,
): HardwareCodec[] {
  if (engine === undefined || !engine.file.isAccessible) return [];
  return names.flatMap((codec) => {
    const implementation = endings[direction]
      .map((ending) => `${stems[codec] ?? codec}_${ending}`)
      .find((name) => ffmpeg.hardwareImplementations.includes(name));
    if (implementation === undefined) return [];
    return [{ codec, direction, api: "v4l2m2m" as const, device: engine.path, implementation }];
  });
}

function noEncoder({ name }: JetsonModule): Absence {
  return {
    about: "codecs",
    code: "not-present",
    detail: `The ${name} has no video encoder (NVENC): FFmpeg encodes in software.`,
  };
}

function explainDenied({ path, file }: Engine): Absence {
  return {
    about: "codecs",
    code: "no-permission",
    detail: `This user may not open ${path}, by which the video engines are used.`,
    mend: /^[a-z][\w-]{0,30}$/.test(file.group)
      ? `sudo usermod -aG ${file.group} $USER, then log in again`
      : undefined,
  };
}

function explainIdle(engines: readonly Engine[]): Absence {
  return {
    about: "codecs",
    code: "not-supported",
    detail: `The Jetson's video engines are there (${engines.map(({ path }) => path).join(", ")}), but this FFmpeg can't use them.`,
    mend: "Install NVIDIA's FFmpeg from the L4T repository (h264_nvv4l2dec), or one built with nvmpi",
  };
}
