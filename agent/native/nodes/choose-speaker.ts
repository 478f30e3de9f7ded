// Which speaker is opened, and how. Pure: facts and a wish in, an encoder's output out.
import type { SoundFacts } from "../../../platform/contract/board-facts.ts";
import type { EncodeOutput } from "../../../platform/contract/media-capture.ts";
import { findDevice, noDevice } from "./find-device.ts";

export interface ChosenSpeaker {
  /** For people. */
  readonly name: string;
  readonly output: EncodeOutput;
}

/** `device` is `default`, a speaker's id, name or address, or an address that the facts don't know, such as `plug:dmix`.
 * Throws `device-missing`, and `node-invalid-params` for a name that several have. */
export function chooseSpeaker(device: string, speakers: readonly SoundFacts[]): ChosenSpeaker {
  const named = speakers.map((one) => ({ ...one, place: one.address }));
  if (device === "default") {
    // A sound server holds the hardware: going past it would find it busy.
    const first = named.find(({ api }) => api === "pulse") ?? named[0];
    if (first === undefined) throw noDevice("speaker");
    return open(first);
  }
  const lower = device.toLowerCase();
  const isKnown = named.some(({ id, name, place }) => {
    return id === device || place === device || name.toLowerCase() === lower;
  });
  if (!isKnown && device.includes(":")) return { name: device, output: { kind: "alsa", device } };
  return open(findDevice(device, named, "speaker"));
}

/** Through ALSA's plug, which takes samples that the hardware doesn't. */
function open({ name, api, address }: SoundFacts): ChosenSpeaker {
  return { name, output: { kind: api, device: address.replace(/^hw:/, "plughw:") } };
}
