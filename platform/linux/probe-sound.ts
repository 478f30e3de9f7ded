// Microphones and speakers: ALSA's devices, and a sound server where one runs.
import type { Absence, SoundFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import { explainSound } from "./absent-sound.ts";
import { type AskedPcm, askPcm } from "./ask-pcm.ts";
import { type PcmEntry, readSoundCards } from "./sound-card.ts";

/** What can be recorded from and played to. A device that somebody else uses stays in the list; one that this user may not open,
 * or that doesn't answer, is an absence. */
export async function probeSound(
  machine: Machine,
): Promise<{ microphones: SoundFacts[]; speakers: SoundFacts[]; absences: Absence[] }> {
  const [{ cards, entries }, server] = await Promise.all([readSoundCards(machine), findSoundServer(machine)]);
  const asked = await Promise.all(entries.map((entry) => askPcm(machine, entry, entries)));
  const usable = asked.filter(({ answer }) => answer.ok || answer.code === "busy");
  const served = {
    capture: server !== undefined && mayRecord(cards, entries),
    playback: server !== undefined,
  };
  const list = (direction: PcmEntry["direction"]): SoundFacts[] => [
    ...usable.filter(({ entry }) => entry.direction === direction).map(describePcm),
    ...(server !== undefined && served[direction] ? [server] : []),
  ];
  return {
    microphones: list("capture"),
    speakers: list("playback"),
    absences: explainSound(asked, cards, served),
  };
}

/** A sound server always has a source: without a microphone it is the monitor of what plays, which nobody speaks into. Without ALSA in
 * sight (a container) the server is the host's, and what it has can't be told. */
function mayRecord(cards: number | undefined, entries: readonly PcmEntry[]): boolean {
  return cards === undefined || entries.some(({ direction }) => direction === "capture");
}

function describePcm({ entry, name, answer, stream }: AskedPcm): SoundFacts {
  const identity = {
    id: `alsa-${entry.cardId}-${entry.device}`,
    name,
    api: "alsa" as const,
    address: `hw:CARD=${entry.cardId},DEV=${entry.device}`,
  };
  if (!answer.ok) {
    return { ...identity, formats: stream?.formats, maxChannels: stream?.maxChannels, rates: stream?.rates };
  }
  const { formats, maxChannels, minRate, maxRate } = answer.value;
  const isSane = Number.isFinite(minRate) && Number.isFinite(maxRate) && minRate <= maxRate && maxRate > 0;
  return {
    ...identity,
    formats: formats.filter((format) => /^[A-Z0-9_]{2,24}$/.test(format)).slice(0, 64),
    maxChannels: Number.isInteger(maxChannels) && maxChannels > 0 ? Math.min(maxChannels, 10_000) : undefined,
    rates: isSane ? { min: Math.max(0, minRate), max: maxRate } : undefined,
  };
}

/** PulseAudio, or PipeWire speaking its protocol: a socket of a user's session or of the whole machine. */
async function findSoundServer(machine: Machine): Promise<SoundFacts | undefined> {
  const users = (await machine.list("/run/user")).filter((name) => /^\d{1,10}$/.test(name)).slice(0, 16);
  const folders = [...users.map((user) => `/run/user/${user}`), "/run"];
  const answers = await Promise.all(
    folders.map(async (folder) => {
      const isThere = await machine.socket(`${folder}/pulse/native`);
      return isThere ? { isPipeWire: await machine.socket(`${folder}/pipewire-0`) } : undefined;
    }),
  );
  const server = answers.find((answer) => answer !== undefined);
  if (server === undefined) return undefined;
  return {
    id: "pulse",
    name: server.isPipeWire ? "Sound server (PipeWire)" : "Sound server (PulseAudio)",
    api: "pulse",
    address: "default",
    formats: undefined,
    maxChannels: undefined,
    rates: undefined,
  };
}
