// Codecs of GPUs that VAAPI drives: Intel and AMD, as `vainfo` lists them.
import type { HardwareCodec } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import { distinct, type HardwareSeen, nothingSeen } from "./hardware-seen.ts";
import { mendPermission } from "./mend-permission.ts";

const profiles: readonly (readonly [RegExp, string])[] = [
  [/^MPEG2/, "mpeg2video"],
  [/^MPEG4/, "mpeg4"],
  [/^H264/, "h264"],
  [/^H263/, "h263"],
  [/^HEVC/, "hevc"],
  [/^VP8/, "vp8"],
  [/^VP9/, "vp9"],
  [/^AV1/, "av1"],
  [/^JPEG/, "mjpeg"],
  [/^VC1/, "vc1"],
];
/** PCI vendors whose GPUs have a VAAPI driver: Intel, AMD. */
const vaapiVendors = /^0x(8086|1002|1022)\s*$/;

/** Asks `vainfo` where a render node may be opened. */
export async function seeVaapiCodecs(machine: Machine): Promise<HardwareSeen> {
  const names = (await machine.list("/dev/dri")).filter((name) => /^renderD\d{1,3}$/.test(name)).slice(0, 16);
  const nodes = await Promise.all(
    names.map(async (name) => {
      const path = `/dev/dri/${name}`;
      const [file, vendor] = await Promise.all([
        machine.deviceNode(path),
        machine.readText(`/sys/class/drm/${name}/device/vendor`),
      ]);
      return { path, file, isVaapi: vaapiVendors.test(vendor ?? "") };
    }),
  );
  const known = nodes.filter(({ isVaapi }) => isVaapi);
  const open =
    nodes.find(({ file, isVaapi }) => isVaapi && file?.isAccessible) ??
    nodes.find(({ file }) => file?.isAccessible);
  if (open === undefined) {
    const denied = known.find(({ file }) => file !== undefined);
    if (denied === undefined) return nothingSeen;
    return refuse(
      "no-permission",
      `This user may not open ${denied.path}, by which the GPU's codecs are used.`,
      {
        mend: mendPermission(denied.path, denied.file),
      },
    );
  }
  const answer = await machine.run("vainfo", []);
  if (answer.ok) return { codecs: parseVainfo(answer.value, open.path), absences: [] };
  // A render node without codecs, as a Raspberry Pi's, is nothing to talk about.
  if (known.length === 0) return nothingSeen;
  if (answer.code === "not-present") {
    return refuse("not-present", "What codecs the GPU has can't be told: vainfo isn't installed.", {
      mend: "sudo apt install vainfo",
    });
  }
  return refuse(answer.code, `What codecs the GPU has can't be told: vainfo failed on ${open.path}.`, {
    mend: "Install the GPU's VAAPI driver: intel-media-va-driver or mesa-va-drivers",
  });
}

function refuse(
  code: "no-permission" | "not-present" | "busy" | "timed-out" | "unreadable" | "not-supported",
  detail: string,
  { mend }: { mend: string },
): HardwareSeen {
  return { codecs: [], absences: [{ about: "codecs", code, detail, mend }] };
}

/** Lines such as `      VAProfileH264Main               : VAEntrypointVLD`. */
export function parseVainfo(text: string, device: string): HardwareCodec[] {
  const codecs: HardwareCodec[] = [];
  for (const line of text.split("\n", 1000)) {
    const match = /^\s*VAProfile(\w{1,40})\s*:\s*VAEntrypoint(\w{1,40})\s*$/.exec(line);
    const codec = profiles.find(([profile]) => profile.test(match?.[1] ?? ""))?.[1];
    if (match === null || codec === undefined) continue;
    const direction =
      match[2] === "VLD" ? "decode" : /^Enc(SliceLP|Slice|Picture)$/.test(match[2]!) ? "encode" : undefined;
    if (direction !== undefined) codecs.push({ codec, direction, api: "vaapi", device });
  }
  return distinct(codecs);
}
