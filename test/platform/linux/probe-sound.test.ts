// Microphones and speakers from what ALSA, USB descriptors and sound servers say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer, PcmDevice } from "../../../platform/contract/machine.ts";
import { probeSound } from "../../../platform/linux/probe-sound.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";

// A Raspberry Pi 4 with a webcam. The formats: https://docs.kernel.org/sound/designs/procfile.html
const cards = ` 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 1 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 2 [C920           ]: USB-Audio - HD Pro Webcam C920
                      HD Pro Webcam C920 at usb-0000:01:00.0-1.3, high speed
`;
const pcm = `00-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
01-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
02-00: USB Audio : USB Audio : capture 1
`;
const stream0 = `HD Pro Webcam C920 at usb-0000:01:00.0-1.3, high speed : USB Audio

Capture:
  Status: Stop
  Interface 3
    Altset 1
    Format: S16_LE
    Channels: 2
    Endpoint: 0x82 (2 IN) (ASYNC)
    Rates: 16000
    Data packet interval: 1000 us
    Bits: 16
  Interface 3
    Altset 2
    Format: S16_LE
    Channels: 2
    Rates: 24000, 32000
`;
const answer: PcmDevice = {
  id: "USB Audio",
  name: "USB Audio",
  formats: ["S16_LE"],
  minChannels: 2,
  maxChannels: 2,
  minRate: 16_000,
  maxRate: 32_000,
};
const playback = { ...answer, formats: ["U8", "S16_LE"], maxChannels: 8, minRate: 8000, maxRate: 192_000 };
const files = {
  "/proc/asound/cards": cards,
  "/proc/asound/pcm": pcm,
  "/proc/asound/card0/id": "vc4hdmi0\n",
  "/proc/asound/card1/id": "Headphones\n",
  "/proc/asound/card2/id": "C920\n",
  "/proc/asound/card2/stream0": stream0,
};
const answers = {
  "/dev/snd/pcmC0D0p": playback,
  "/dev/snd/pcmC1D0p": playback,
  "/dev/snd/pcmC2D0c": answer,
};

function machineWith(record: BoardRecord) {
  const pcms = record.pcm ?? answers;
  const nodes = Object.fromEntries(Object.keys(pcms).map((path) => [path, { group: "audio" }]));
  return boardMachine({ files, nodes, ...record, pcm: pcms });
}

function refuse(code: "busy" | "no-permission" | "timed-out" | "not-present"): Answer<PcmDevice> {
  return { ok: false, code, detail: "no" };
}

describe("sound devices", () => {
  test("each card's devices, with what they can do; HDMI is called so", async () => {
    const { microphones, speakers, absences } = await probeSound(machineWith({}));
    expect(microphones).toEqual([
      {
        id: "alsa-C920-0",
        name: "HD Pro Webcam C920",
        api: "alsa",
        address: "hw:CARD=C920,DEV=0",
        formats: ["S16_LE"],
        maxChannels: 2,
        rates: { min: 16_000, max: 32_000 },
      },
    ]);
    expect(speakers.map(({ id, name }) => [id, name])).toEqual([
      ["alsa-vc4hdmi0-0", "vc4-hdmi-0"],
      ["alsa-Headphones-0", "bcm2835 Headphones"],
    ]);
    expect(absences).toEqual([]);
  });

  test("a microphone in use stays in the list, with what its USB descriptors say", async () => {
    const { microphones, absences } = await probeSound(
      machineWith({ pcm: { ...answers, "/dev/snd/pcmC2D0c": refuse("busy") } }),
    );
    expect(microphones).toMatchObject([
      { id: "alsa-C920-0", formats: ["S16_LE"], maxChannels: 2, rates: { min: 16_000, max: 32_000 } },
    ]);
    expect(absences).toMatchObject([
      {
        about: "devices.microphones",
        code: "busy",
        detail: "HD Pro Webcam C920 (/dev/snd/pcmC2D0c) is in use by another program.",
      },
    ]);
  });

  test("a microphone in use beside a sound server: the server shares it", async () => {
    const sockets = ["/run/user/1000/pulse/native"];
    const pcms = { ...answers, "/dev/snd/pcmC2D0c": refuse("busy") };
    const { microphones, absences } = await probeSound(machineWith({ pcm: pcms, sockets }));
    expect(microphones.map(({ id }) => id)).toEqual(["alsa-C920-0", "pulse"]);
    expect(absences[0]!.mend).toBe("Use the sound server (pulse), which shares it");
  });

  test("a speaker in use without USB descriptors is there with what it does unknown", async () => {
    const { speakers } = await probeSound(
      machineWith({ pcm: { ...answers, "/dev/snd/pcmC1D0p": refuse("busy") } }),
    );
    expect(speakers[1]).toMatchObject({ id: "alsa-Headphones-0", formats: undefined, rates: undefined });
  });

  test("a card with several devices gives each its own name, and HDMI outputs are marked", async () => {
    const intel = {
      "/proc/asound/cards":
        " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7f10000 irq 31\n",
      "/proc/asound/pcm":
        "00-00: ALC887-VD Analog : ALC887-VD Analog : playback 1 : capture 1\n00-03: HDMI 0 : HDMI 0 : playback 1\n00-07: DP : DisplayPort 1 : playback 1\n",
    };
    const paths = ["pcmC0D0p", "pcmC0D0c", "pcmC0D3p", "pcmC0D7p"].map((name) => [
      `/dev/snd/${name}`,
      playback,
    ]);
    const { microphones, speakers } = await probeSound(
      machineWith({ files: intel, pcm: Object.fromEntries(paths) }),
    );
    expect(speakers.map(({ id, name }) => [id, name])).toEqual([
      ["alsa-PCH-0", "HDA Intel PCH: ALC887-VD Analog"],
      ["alsa-PCH-3", "HDA Intel PCH: HDMI 0"],
      ["alsa-PCH-7", "HDA Intel PCH: DisplayPort 1 (HDMI)"],
    ]);
    expect(microphones.map(({ name }) => name)).toEqual(["HDA Intel PCH"]);
  });

  // https://docs.nvidia.com/jetson/archives/r36.4/DeveloperGuide/SD/Communications/AudioSetupAndDevelopment.html
  test("the ends of a Jetson's audio crossbar are neither microphones nor speakers", async () => {
    const ape = {
      "/proc/asound/cards": " 1 [APE            ]: tegra-ape - NVIDIA Jetson Orin Nano APE\n",
      "/proc/asound/pcm":
        "01-00: fe.admaif@290f000.ADMAIF1 (*) :  : playback 1 : capture 1\n01-01: ADMAIF2 CIF ADMAIF2-1 :  : playback 1 : capture 1\n",
    };
    const { microphones, speakers, absences } = await probeSound(machineWith({ files: ape }));
    expect([...microphones, ...speakers]).toEqual([]);
    expect(absences[0]!.detail).toBe("No microphone: of 1 sound card none records.");
  });

  test("a card whose id could be taken for something else goes by its number", async () => {
    const odd = { ...files, "/proc/asound/card2/id": "a,DEV=1\n" };
    const { microphones } = await probeSound(machineWith({ files: odd }));
    expect(microphones[0]).toMatchObject({ id: "alsa-2-0", address: "hw:CARD=2,DEV=0" });
  });

  test("a sound server is a microphone and a speaker, by its own name", async () => {
    const socket = "/run/user/1000/pulse/native";
    const pulse = await probeSound(boardMachine({ sockets: [socket] }));
    expect(pulse.microphones).toMatchObject([
      { id: "pulse", api: "pulse", address: "default", name: "Sound server (PulseAudio)" },
    ]);
    expect(pulse.speakers).toEqual(pulse.microphones);
    expect(pulse.absences).toEqual([]);
    const pipewire = await probeSound(boardMachine({ sockets: [socket, "/run/user/1000/pipewire-0"] }));
    expect(pipewire.speakers[0]!.name).toBe("Sound server (PipeWire)");
    expect((await probeSound(boardMachine({ sockets: ["/run/pulse/native"] }))).speakers).toHaveLength(1);
  });

  test("a sound server whose only source is the monitor of what plays is a speaker, and no microphone", async () => {
    const sockets = ["/run/user/1000/pulse/native"];
    const playing = { ...files, "/proc/asound/pcm": pcm.split("\n").slice(0, 2).join("\n") };
    const { microphones, speakers, absences } = await probeSound(machineWith({ files: playing, sockets }));
    expect(microphones).toEqual([]);
    expect(speakers.at(-1)!.id).toBe("pulse");
    expect(absences).toEqual([
      {
        about: "devices.microphones",
        code: "not-present",
        detail: "No microphone: of 3 sound cards none records.",
        mend: "Plug in a USB microphone",
      },
    ]);
    const cardless = { "/proc/asound/cards": "--- no soundcards ---\n" };
    const without = await probeSound(boardMachine({ files: cardless, sockets }));
    expect([without.microphones.length, without.speakers.length]).toEqual([0, 1]);
    expect(without.absences.map(({ detail }) => detail)).toEqual(["No microphone: there is no sound card."]);
  });

  test("a sound server stands for a microphone that this user may not open itself", async () => {
    const sockets = ["/run/user/1000/pulse/native"];
    const pcms = { ...answers, "/dev/snd/pcmC2D0c": refuse("no-permission") };
    const { microphones } = await probeSound(machineWith({ pcm: pcms, sockets }));
    expect(microphones.map(({ id }) => id)).toEqual(["pulse"]);
  });
});

describe("absent sound", () => {
  test("without permission: which group to join, once for all devices of a direction", async () => {
    const denied = Object.fromEntries(Object.keys(answers).map((path) => [path, refuse("no-permission")]));
    const { microphones, speakers, absences } = await probeSound(machineWith({ pcm: denied }));
    expect([...microphones, ...speakers]).toEqual([]);
    expect(absences.map(({ about, code, mend }) => [about, code, mend])).toEqual([
      ["devices.microphones", "no-permission", "sudo usermod -aG audio $USER, then log in again"],
      ["devices.speakers", "no-permission", "sudo usermod -aG audio $USER, then log in again"],
    ]);
  });

  test("a hung device is told and the others are listed", async () => {
    const { microphones, speakers, absences } = await probeSound(
      machineWith({ pcm: { ...answers, "/dev/snd/pcmC2D0c": refuse("timed-out") } }),
    );
    expect(microphones).toEqual([]);
    expect(speakers).toHaveLength(2);
    expect(absences).toMatchObject([{ about: "devices.microphones", code: "timed-out" }]);
  });

  test("only HDMI", async () => {
    const hdmi = {
      "/proc/asound/cards": cards.split("\n").slice(0, 2).join("\n"),
      "/proc/asound/pcm": pcm.split("\n")[0]!,
    };
    const { speakers, absences } = await probeSound(machineWith({ files: hdmi }));
    expect(speakers).toHaveLength(1);
    expect(absences.map(({ about, detail }) => [about, detail])).toEqual([
      ["devices.microphones", "No microphone: of 1 sound card none records."],
      ["devices.speakers", "Only HDMI plays: sound is heard where a display with speakers is plugged in."],
    ]);
  });

  test("no card, and no ALSA at all", async () => {
    const none = boardMachine({ files: { "/proc/asound/cards": "--- no soundcards ---\n" } });
    expect((await probeSound(none)).absences[0]!.detail).toBe("No microphone: there is no sound card.");
    expect((await probeSound(boardMachine())).absences[1]!.detail).toContain("no ALSA");
  });
});

test("whatever the kernel's files say, nothing throws, and ids and names are clean", async () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom(...cards.split("\n"), ...pcm.split("\n"), ...stream0.split("\n")),
  );
  const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"));
  const number = fc.oneof(fc.integer(), fc.double());
  const device = fc.record({
    id: fc.string(),
    name: fc.string(),
    formats: fc.array(fc.string()),
    minChannels: number,
    maxChannels: number,
    minRate: number,
    maxRate: number,
  });
  await fc.assert(
    fc.asyncProperty(text, text, text, fc.string(), device, async (one, two, three, id, given) => {
      const torn = {
        "/proc/asound/cards": one,
        "/proc/asound/pcm": two,
        "/proc/asound/card2/stream0": three,
        "/proc/asound/card2/id": id,
      };
      const { microphones, speakers, absences } = await probeSound(
        machineWith({ files: torn, pcm: { ...answers, "/dev/snd/pcmC2D0c": given } }),
      );
      for (const sound of [...microphones, ...speakers]) {
        expect(sound.id).toMatch(/^alsa-[\w-]{1,32}-\d{1,3}$/);
        expect(sound.address).toMatch(/^hw:CARD=[\w-]{1,32},DEV=\d{1,3}$/);
        expect(sound.name).toMatch(/^[^\p{Cc}\p{Cf}]{1,140}$/u);
        for (const format of sound.formats ?? []) expect(format).toMatch(/^[A-Z0-9_]+$/);
      }
      expect(absences.length).toBeLessThanOrEqual(32);
    }),
    { numRuns: 200 },
  );
});
