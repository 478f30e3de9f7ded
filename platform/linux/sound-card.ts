// What /proc/asound says: cards, their PCM devices, and the streams of USB cards.
import { printable } from "../base/printable.ts";
import type { Machine } from "../contract/machine.ts";

/** One direction of one PCM device. */
export interface PcmEntry {
  readonly card: number;
  readonly device: number;
  readonly direction: "capture" | "playback";
  /** The card's id, by which programs name it: letters, digits, "_" and "-"; its number where it has no such id. */
  readonly cardId: string;
  readonly cardName: string;
  readonly pcmName: string;
}

/** What USB descriptors say of a stream. */
export interface UsbStream {
  readonly formats: readonly string[];
  readonly maxChannels: number | undefined;
  readonly rates: { readonly min: number; readonly max: number } | undefined;
}

/** Ends of Tegra's audio crossbar: up to twenty each way, with nothing behind them until somebody has set the switches. */
const crossbarEnd = /\bADMAIF\d+\b/;
const maxCards = 32;
const maxEntries = 128;

/** Every capture and playback device of every card. `cards` counts cards with or without devices; undefined without ALSA. */
export async function readSoundCards(
  machine: Machine,
): Promise<{ cards: number | undefined; entries: PcmEntry[] }> {
  const [cardsText, pcmText] = await Promise.all([
    machine.readText("/proc/asound/cards"),
    machine.readText("/proc/asound/pcm"),
  ]);
  if (cardsText === undefined && pcmText === undefined) return { cards: undefined, entries: [] };
  const names = parseCards(cardsText ?? "");
  const pcms = parsePcm(pcmText ?? "");
  const numbers = [...new Set([...names.keys(), ...pcms.map(({ card }) => card)])].slice(0, maxCards);
  const ids = new Map<number, string>();
  await Promise.all(
    numbers.map(async (card) => {
      const text =
        (await machine.readText(`/proc/asound/card${card}/id`))?.trim() ?? names.get(card)?.id ?? "";
      ids.set(card, /^[A-Za-z0-9_-]{1,32}$/.test(text) ? text : String(card));
    }),
  );
  const entries = pcms.flatMap((pcm) => {
    const cardId = ids.get(pcm.card);
    if (cardId === undefined) return [];
    return [{ ...pcm, cardId, cardName: names.get(pcm.card)?.name || `Card ${pcm.card}` }];
  });
  return { cards: numbers.length, entries };
}

/** Lines such as ` 1 [C920           ]: USB-Audio - HD Pro Webcam C920`.
 * @see https://docs.kernel.org/sound/designs/procfile.html */
function parseCards(text: string): Map<number, { id: string; name: string }> {
  const cards = new Map<number, { id: string; name: string }>();
  for (const match of text.matchAll(/^ {0,3}(\d{1,2}) \[([^\]\n]{0,32})\]: [^\n]{0,80}? - ([^\n]*)$/gm)) {
    cards.set(Number(match[1]), { id: match[2]!.trim(), name: printable(match[3]!) });
  }
  return cards;
}

/** Lines such as `02-00: USB Audio : USB Audio : playback 1 : capture 1`. */
function parsePcm(text: string): Omit<PcmEntry, "cardId" | "cardName">[] {
  const entries: Omit<PcmEntry, "cardId" | "cardName">[] = [];
  for (const line of text.split("\n").slice(0, maxEntries)) {
    const match = /^(\d{1,2})-(\d{1,3}): (.*)$/.exec(line);
    if (match === null) continue;
    const [card, device] = [Number(match[1]), Number(match[2])];
    const fields = match[3]!.split(" : ").map((field) => field.trim());
    if (crossbarEnd.test(match[3]!)) continue;
    const pcmName = printable(fields[1] || fields[0] || "");
    for (const direction of ["capture", "playback"] as const) {
      const isThere = fields.slice(1).some((field) => new RegExp(`^${direction} [1-9]\\d*$`).test(field));
      if (isThere) entries.push({ card, device, direction, pcmName });
    }
  }
  return entries.slice(0, maxEntries);
}

/** What a USB card's `stream<device>` says of one direction; undefined where the card isn't USB. It can be read while the card is in use. */
export async function readUsbStream(machine: Machine, entry: PcmEntry): Promise<UsbStream | undefined> {
  const text = await machine.readText(`/proc/asound/card${entry.card}/stream${entry.device}`);
  if (text === undefined) return undefined;
  const title = entry.direction === "capture" ? "Capture" : "Playback";
  const section = new RegExp(`^${title}:\\n((?:[ \\t].*\\n?|\\n)*)`, "m").exec(text)?.[1];
  if (section === undefined) return undefined;
  const formats = new Set<string>();
  let maxChannels = 0;
  const rates: number[] = [];
  for (const [, key, value] of section.matchAll(/^ *(Format|Channels|Rates): ([^\n]{1,400})/gm)) {
    if (key === "Format" && /^[A-Z0-9_]{2,24}$/.test(value!)) formats.add(value!);
    if (key === "Channels") maxChannels = Math.max(maxChannels, boundedNumber(value!, 1024));
    if (key === "Rates") rates.push(...numbersOf(value!));
  }
  const sorted = rates.filter((rate) => rate >= 1000 && rate <= 1_536_000).sort((a, b) => a - b);
  return {
    formats: [...formats].slice(0, 32),
    maxChannels: maxChannels === 0 ? undefined : maxChannels,
    rates: sorted.length === 0 ? undefined : { min: sorted[0]!, max: sorted.at(-1)! },
  };
}

function numbersOf(text: string): number[] {
  return (text.match(/\d{1,9}/g) ?? []).slice(0, 64).map(Number);
}

function boundedNumber(text: string, limit: number): number {
  const value = Number(/^\d{1,6}/.exec(text)?.[0] ?? 0);
  return value <= limit ? value : 0;
}
