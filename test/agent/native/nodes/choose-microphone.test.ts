// Which microphone, and what it is asked for.
import { describe, expect, test } from "vitest";
import { chooseMicrophone, type MicrophoneWishes } from "../../../../agent/native/nodes/choose-microphone.ts";
import type { SoundFacts } from "../../../../platform/contract/board-facts.ts";

const usb: SoundFacts = {
  id: "alsa-USB-0",
  name: "USB Audio",
  api: "alsa",
  address: "hw:CARD=USB,DEV=0",
  formats: ["S16_LE"],
  maxChannels: 1,
  rates: { min: 16_000, max: 44_100 },
};
const array: SoundFacts = {
  ...usb,
  id: "alsa-Array-0",
  name: "Array",
  address: "hw:CARD=Array,DEV=0",
  maxChannels: 8,
};
const busy: SoundFacts = { ...usb, formats: undefined, maxChannels: undefined, rates: undefined };
const pulse: SoundFacts = {
  ...busy,
  id: "pulse",
  name: "Sound server (PipeWire)",
  api: "pulse",
  address: "default",
};

function choose(wishes: Partial<MicrophoneWishes>, found: SoundFacts[], known?: string) {
  return chooseMicrophone({ device: "default", api: "auto", ...wishes }, found, known);
}

describe("the microphone", () => {
  test.each([
    [{}, [usb, array], "alsa-USB-0"],
    [{}, [usb, pulse], "pulse"],
    [{ api: "alsa" as const }, [usb, pulse], "alsa-USB-0"],
    [{ device: "array" }, [usb, array], "alsa-Array-0"],
    [{ device: "alsa-Array-0" }, [usb, array, pulse], "alsa-Array-0"],
    [{ device: "hw:CARD=Array,DEV=0" }, [usb, array], "alsa-Array-0"],
  ])("for %j of %j is %s", (wishes, found, id) => {
    expect(choose(wishes, found).id).toBe(id);
  });

  test("that was open before is the one that is opened again", () => {
    expect(choose({}, [array, usb], "alsa-USB-0").id).toBe("alsa-USB-0");
    expect(() => choose({}, [array, pulse], "alsa-USB-0")).toThrow('There is no microphone "alsa-USB-0".');
  });

  test("by a name that only ALSA or the sound server know is asked for by it", () => {
    expect(choose({ device: "dsnoop:CARD=USB" }, [usb])).toMatchObject({
      id: undefined,
      input: { kind: "alsa", device: "dsnoop:CARD=USB" },
    });
    expect(choose({ device: "mine.monitor", api: "pulse" }, [pulse]).input).toMatchObject({
      kind: "pulse",
      device: "mine.monitor",
    });
  });

  test.each([
    [{ device: "USB Audoi" }, [usb], 'There is no microphone "USB Audoi".'],
    [{}, [], "This machine has no microphone that can be opened."],
    [{ api: "pulse" as const }, [usb], "This machine has no microphone that can be opened."],
  ])("%j of %j is missing", (wishes, found, said) => {
    expect(() => choose(wishes, found)).toThrow(
      expect.objectContaining({ code: "device-missing", message: said }),
    );
  });
});

describe("what it is asked for", () => {
  test.each([
    [
      "its usual rate as near as it has it, its channels, through ALSA's plug",
      {},
      usb,
      { device: "plughw:CARD=USB,DEV=0", rate: 44_100, channels: 1 },
    ],
    ["at most two channels", {}, array, { rate: 44_100, channels: 2 }],
    ["a rate that it has", { rate: 16_000 }, usb, { rate: 16_000 }],
    ["the nearest to a rate that it hasn't", { rate: 8000 }, usb, { rate: 16_000 }],
    ["as many channels as it has at most", { channels: 6 }, usb, { channels: 1 }],
    ["what is wished where nothing is known", { rate: 8000, channels: 1 }, busy, { rate: 8000, channels: 1 }],
    [
      "nothing where nothing is known or wished",
      {},
      pulse,
      { kind: "pulse", device: "default", rate: undefined, channels: undefined },
    ],
  ])("is %s", (_what, wishes, found, input) => {
    expect(choose(wishes, [found]).input).toMatchObject(input);
  });
});
