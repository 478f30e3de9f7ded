// One PCM device: what it answered, what it is called, and whether it plays through a display.
import { printable } from "../base/printable.ts";
import type { Answer, DeviceNode, Machine, PcmDevice } from "../contract/machine.ts";
import { type PcmEntry, readUsbStream, type UsbStream } from "./sound-card.ts";

/** An entry of /proc/asound and what its device answered. */
export interface AskedPcm {
  readonly entry: PcmEntry;
  readonly path: string;
  readonly file: DeviceNode | undefined;
  readonly answer: Answer<PcmDevice>;
  readonly stream: UsbStream | undefined;
  readonly name: string;
  readonly isHdmi: boolean;
}

/** Asks the device of `entry`; `all` are those that it may have to be told from by name. */
export async function askPcm(machine: Machine, entry: PcmEntry, all: readonly PcmEntry[]): Promise<AskedPcm> {
  const letter = entry.direction === "capture" ? "c" : "p";
  const path = `/dev/snd/pcmC${entry.card}D${entry.device}${letter}`;
  const [file, answer, stream] = await Promise.all([
    machine.deviceNode(path),
    machine.pcmDevice(path),
    readUsbStream(machine, entry),
  ]);
  const isHdmi = entry.direction === "playback" && /hdmi|displayport|\bMAI PCM\b/i.test(allNames(entry));
  return { entry, path, file, answer, stream, name: nameOf(entry, all, isHdmi), isHdmi };
}

function allNames({ cardId, cardName, pcmName }: PcmEntry): string {
  return `${cardId} ${cardName} ${pcmName}`;
}

/** The card's name; with the device's where a card has several, and with "HDMI" where the sound comes out of a display. */
function nameOf(entry: PcmEntry, all: readonly PcmEntry[], isHdmi: boolean): string {
  const siblings = all.filter(({ card, direction }) => card === entry.card && direction === entry.direction);
  const name =
    siblings.length > 1 && entry.pcmName !== "" ? `${entry.cardName}: ${entry.pcmName}` : entry.cardName;
  return printable(isHdmi && !/hdmi/i.test(name) ? `${name} (HDMI)` : name);
}
