// Which microphone is opened, and how. Pure: facts and wishes in, a capture's input out.
import type { SoundFacts } from "../../../platform/contract/board-facts.ts";
import type { CaptureInput } from "../../../platform/contract/media-capture.ts";
import { findDevice, noDevice } from "./find-device.ts";

export interface MicrophoneWishes {
  /** `default`, an id, a name, or an address such as `hw:CARD=USB,DEV=0`. */
  readonly device: string;
  readonly api: "auto" | "alsa" | "pulse";
  /** What the frames have; the device is asked for what comes nearest. */
  readonly rate?: number | undefined;
  readonly channels?: number | undefined;
}

export interface ChosenMicrophone {
  /** By which it is found again; undefined where the facts don't know it. */
  readonly id: string | undefined;
  readonly name: string;
  readonly input: CaptureInput;
}

const usualRate = 48_000;

/** `knownId` is the microphone that was open before: no other one takes its place.
 * Throws `device-missing`, `node-invalid-params` for a name that several have. */
export function chooseMicrophone(
  wishes: MicrophoneWishes,
  microphones: readonly SoundFacts[],
  knownId?: string,
): ChosenMicrophone {
  const { device, api } = wishes;
  const asked = microphones.filter((one) => api === "auto" || one.api === api);
  const named = asked.map((one) => ({ ...one, place: one.address }));
  if (knownId !== undefined) return open(findDevice(knownId, named, "microphone"), wishes);
  if (device === "default") {
    // A sound server holds the hardware: going past it would find it busy.
    const first = asked.find((one) => one.api === "pulse") ?? asked[0];
    if (first === undefined) throw noDevice("microphone");
    return open(first, wishes);
  }
  const isKnown = named.some(({ id, name, place }) =>
    [id, name.toLowerCase(), place].some((one) => one === device || one === device.toLowerCase()),
  );
  // ALSA and sound servers know more names than the facts list: plugs, monitors, a user's own.
  if (!isKnown && (api !== "auto" || device.includes(":"))) return askBlindly(wishes);
  return open(findDevice(device, named, "microphone"), wishes);
}

/** The device gives a rate that it has; what is wished for is made of it afterwards. */
function open(found: SoundFacts, { rate, channels }: MicrophoneWishes): ChosenMicrophone {
  const { id, name, api, address, rates, maxChannels } = found;
  const wishedRate = rate ?? usualRate;
  const given = rates === undefined ? rate : Math.min(Math.max(wishedRate, rates.min), rates.max);
  const most = maxChannels ?? channels;
  return {
    id,
    name,
    input: {
      kind: api,
      device: plugged(address),
      rate: given,
      channels: most === undefined ? undefined : Math.min(channels ?? 2, most),
    },
  };
}

/** Through ALSA's plug, which gives the channels and samples that were asked for where the hardware has others. */
function plugged(address: string): string {
  return address.replace(/^hw:/, "plughw:");
}

function askBlindly({ device, api, rate, channels }: MicrophoneWishes): ChosenMicrophone {
  return {
    id: undefined,
    name: device,
    input: { kind: api === "pulse" ? "pulse" : "alsa", device, rate, channels },
  };
}
