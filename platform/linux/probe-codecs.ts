// Codecs: what FFmpeg can do here, and which of it hardware does.
import { printable } from "../base/printable.ts";
import type { Absence, FfmpegFacts, HardwareCodec } from "../contract/board-facts.ts";
import type { Answer, Machine } from "../contract/machine.ts";
import { oldestMajor, parseCodecs, parseDevices, parseHwaccels, parseVersion } from "./ffmpeg-answers.ts";
import { distinct } from "./hardware-seen.ts";
import { type FfmpegWays, joinCodecs } from "./join-codecs.ts";
import { nvidiaQuery, seeNvidiaCodecs } from "./nvidia-codecs.ts";
import { seeV4l2Codecs } from "./v4l2-codecs.ts";
import { seeVaapiCodecs } from "./vaapi-codecs.ts";
import { readVideoNodes, type VideoNode } from "./video-node.ts";

/** Answers that others need as well, so that devices and programs are asked once. */
export interface SharedAnswers {
  /** What `readVideoNodes` gives. */
  readonly videoNodes?: Promise<readonly VideoNode[]>;
  /** `nvidia-smi`'s answer to `nvidiaQuery`. */
  readonly nvidia?: Promise<Answer<string>>;
}

const installHint = "sudo apt install ffmpeg";

/** FFmpeg's own list, and the hardware codecs that it can drive. Without a usable FFmpeg there are none, and the absence says why. */
export async function probeCodecs(
  machine: Machine,
  shared: SharedAnswers = {},
): Promise<{ hardwareCodecs: HardwareCodec[]; ffmpeg: FfmpegFacts | undefined; absences: Absence[] }> {
  const [ffmpeg, nodes, vaapi, nvidia] = await Promise.all([
    askFfmpeg(machine),
    shared.videoNodes ?? readVideoNodes(machine),
    seeVaapiCodecs(machine),
    (shared.nvidia ?? machine.run("nvidia-smi", nvidiaQuery)).then((answer) =>
      seeNvidiaCodecs(machine, answer),
    ),
  ]);
  if ("absence" in ffmpeg) return { hardwareCodecs: [], ffmpeg: undefined, absences: [ffmpeg.absence] };
  const seen = [seeV4l2Codecs(nodes), vaapi, nvidia];
  const joined = joinCodecs(distinct(seen.flatMap(({ codecs }) => codecs)), ffmpeg.ways);
  return {
    hardwareCodecs: joined.codecs,
    ffmpeg: ffmpeg.facts,
    absences: [...seen.flatMap(({ absences }) => absences), ...joined.absences],
  };
}

async function askFfmpeg(
  machine: Machine,
): Promise<{ facts: FfmpegFacts; ways: FfmpegWays } | { absence: Absence }> {
  const ask = (what: string): Promise<Answer<string>> => machine.run("ffmpeg", ["-hide_banner", what]);
  const [version, codecs, hwaccels, devices] = await Promise.all(
    ["-version", "-codecs", "-hwaccels", "-devices"].map(ask),
  );
  const refused = [version!, codecs!].find((answer) => !answer.ok);
  if (refused !== undefined && !refused.ok) return { absence: explainRefusal(refused) };
  const told = version!.ok ? parseVersion(version!.value) : undefined;
  const list = codecs!.ok ? parseCodecs(codecs!.value) : undefined;
  if (told === undefined || list === undefined) {
    return {
      absence: absent("unreadable", "The program ffmpeg doesn't answer as FFmpeg does.", installHint),
    };
  }
  if (told.isTooOld) {
    const detail = `FFmpeg ${told.version} is too old: this needs ${oldestMajor}.0 or newer.`;
    return { absence: absent("not-supported", detail, "Install a newer FFmpeg") };
  }
  const ways = hwaccels!.ok ? parseHwaccels(hwaccels!.value) : [];
  const { input, output } = devices!.ok ? parseDevices(devices!.value) : { input: [], output: [] };
  const facts: FfmpegFacts = {
    version: told.version,
    decoders: list.decoders,
    encoders: list.encoders,
    hardwareImplementations: [...new Set([...list.hardware.decode, ...list.hardware.encode])].sort(),
    hwaccels: ways,
    inputDevices: input,
    outputDevices: output,
  };
  return { facts, ways: { codecs: list, hwaccels: ways, configuration: told.configuration } };
}

function explainRefusal(answer: Answer<string> & { ok: false }): Absence {
  if (answer.code === "not-present") return absent("not-present", "FFmpeg isn't installed.", installHint);
  if (answer.code === "timed-out") return absent("timed-out", "ffmpeg doesn't answer.", undefined);
  return absent(answer.code, `ffmpeg failed: ${printable(answer.detail)}`, installHint);
}

function absent(code: Absence["code"], detail: string, mend: string | undefined): Absence {
  return { about: "codecs", code, detail, mend };
}
