// Why there is no microphone or speaker where a person would look for one, and what to do about it.
import type { Absence } from "../contract/board-facts.ts";
import type { RefusalCode } from "../contract/machine.ts";
import type { AskedPcm } from "./ask-pcm.ts";
import { mendPermission } from "./mend-permission.ts";

const maxAbsences = 16;
const directions = [
  { direction: "capture", about: "devices.microphones", verb: "records" },
  { direction: "playback", about: "devices.speakers", verb: "plays" },
] as const;

/** @param cards how many there are; undefined without ALSA.
 * @param served the directions in which a sound server is listed. */
export function explainSound(
  asked: readonly AskedPcm[],
  cards: number | undefined,
  served: Readonly<Record<"capture" | "playback", boolean>>,
): Absence[] {
  return directions.flatMap(({ direction, about, verb }) => {
    const hasServer = served[direction];
    const devices = asked.filter(({ entry }) => entry.direction === direction);
    const absences = refusals(about, devices, hasServer);
    if (devices.length === 0 && !hasServer) absences.push(explainNone(about, verb, cards));
    if (
      direction === "playback" &&
      !hasServer &&
      devices.length > 0 &&
      devices.every(({ isHdmi }) => isHdmi)
    ) {
      absences.push(onlyHdmi);
    }
    return absences.slice(0, maxAbsences);
  });
}

const onlyHdmi: Absence = {
  about: "devices.speakers",
  code: "not-present",
  detail: "Only HDMI plays: sound is heard where a display with speakers is plugged in.",
  mend: "Plug in a USB sound card or speaker",
};

/** One sentence for each code and group: a card's devices are refused together. */
function refusals(about: string, devices: readonly AskedPcm[], hasServer: boolean): Absence[] {
  const refused = devices.flatMap((device) =>
    device.answer.ok ? [] : [{ ...device, code: device.answer.code }],
  );
  const groups = Map.groupBy(refused, ({ code, file }) => `${code} ${file?.group ?? ""}`);
  return [...groups.values()].map((group) => {
    const first = group[0]!;
    const mend = first.code === "busy" && hasServer ? shared : mends[first.code];
    return {
      about,
      code: first.code,
      detail: `${nameAll(group)} ${sentences[first.code]}.`,
      mend: first.code === "no-permission" ? mendPermission(first.path, first.file) : mend,
    };
  });
}

const sentences: Readonly<Record<RefusalCode, string>> = {
  "no-permission": "may not be opened by this user",
  "not-present": "isn't in /dev, though the kernel has it",
  busy: "is in use by another program",
  "timed-out": "doesn't answer",
  unreadable: "gave an answer that makes no sense",
  "not-supported": "can't be asked what it does",
};

const mends: Readonly<Partial<Record<RefusalCode, string>>> = {
  "not-present": "In a container: start it with --device /dev/snd",
  busy: "See who has it: fuser -v /dev/snd/*",
  "timed-out": "Unplug the sound card and plug it in again",
};

/** Who has it is the sound server, most likely. */
const shared = "Use the sound server (pulse), which shares it";

function explainNone(about: string, verb: string, cards: number | undefined): Absence {
  const what = about === "devices.microphones" ? "microphone" : "speaker";
  const detail =
    cards === undefined
      ? `No ${what}: this kernel has no ALSA (there is no /proc/asound).`
      : cards === 0
        ? `No ${what}: there is no sound card.`
        : `No ${what}: of ${cards} sound card${cards === 1 ? "" : "s"} none ${verb}.`;
  return { about, code: "not-present", detail, mend: `Plug in a USB ${what}` };
}

function nameAll(group: readonly AskedPcm[]): string {
  const named = group.slice(0, 3).map(({ name, path }) => `${name} (${path})`);
  return group.length > 3 ? `${named.join(", ")} and ${group.length - 3} more` : named.join(", ");
}
