// AudioSink: which speaker, its pace, and speakers that come and go.
import { describe, expect, it } from "vitest";
import { audioSink } from "../../../../agent/native/nodes/audio-sink.ts";
import { chooseSpeaker } from "../../../../agent/native/nodes/choose-speaker.ts";
import { nodeDescriptorSchema } from "../../../../agent/node/descriptor.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import type { ErrorCode } from "../../../../platform/base/error-codes.ts";
import type { SoundFacts } from "../../../../platform/contract/board-facts.ts";
import { ours, rejection } from "../chunked.ts";
import { FakeEncoder } from "./fake-encoder.ts";
import { pictureFrame, soundFrame } from "./media-frames.ts";
import { testContext } from "./native-context.ts";

const unknown = { formats: undefined, maxChannels: undefined, rates: undefined };
const usb: SoundFacts = {
  id: "alsa-USB-0",
  name: "USB Audio",
  api: "alsa",
  address: "hw:CARD=USB,DEV=0",
  ...unknown,
};
const hdmi: SoundFacts = {
  id: "alsa-vc4-0",
  name: "HDMI",
  api: "alsa",
  address: "hw:CARD=vc4,DEV=0",
  ...unknown,
};
const server: SoundFacts = {
  id: "pulse",
  name: "Sound server",
  api: "pulse",
  address: "default",
  ...unknown,
};

function failing(code: ErrorCode) {
  return new RemoteMediaError(code, `a test's ${code}`);
}

async function open(params: Record<string, unknown> = {}, speakers: SoundFacts[] = [usb]) {
  const encoder = new FakeEncoder();
  const devices = async () => ({ cameras: [], microphones: [], speakers, hardwareCodecs: [] });
  const context = testContext({ encoder, devices, node: "speaker" });
  const sink = await audioSink.openSink!(params, context);
  let pts = 0;
  /** Writes so many frames of 20 ms, and lets the time pass that they take. */
  const play = async (frames: number) => {
    for (let count = 0; count < frames; count++, pts += 20_000) {
      const written = sink.write(soundFrame("in", pts));
      await context.clock.advance(20);
      await written;
    }
  };
  return { sink, encoder, play, events: context.events, clock: context.clock, speakers };
}

describe("The speaker", () => {
  const plug = (device: string) => ({ kind: "alsa", device });

  it("is the sound server's where there is one, else the first", () => {
    expect(chooseSpeaker("default", [usb, server]).output).toEqual({ kind: "pulse", device: "default" });
    expect(chooseSpeaker("default", [hdmi, usb]).output).toEqual(plug("plughw:CARD=vc4,DEV=0"));
  });

  it("is found by id, by name in any case and by address, also by one that nobody listed", () => {
    for (const device of ["alsa-USB-0", "usb audio", "hw:CARD=USB,DEV=0"]) {
      expect(chooseSpeaker(device, [hdmi, usb]).output, device).toEqual(plug("plughw:CARD=USB,DEV=0"));
    }
    expect(chooseSpeaker("plug:dmix", [usb]).output).toEqual(plug("plug:dmix"));
  });

  it("is missing where there is none, or none of the name", () => {
    const codeOf = (device: string, speakers: SoundFacts[]) => {
      try {
        chooseSpeaker(device, speakers);
        return "none";
      } catch (error) {
        return (error as RemoteMediaError).code;
      }
    };
    expect(codeOf("default", [])).toBe("device-missing");
    expect(codeOf("USB Audoi", [usb])).toBe("device-missing");
    expect(codeOf("HDMI", [hdmi, { ...hdmi, id: "alsa-vc4-1" }])).toBe("node-invalid-params");
  });
});

describe("AudioSink", () => {
  it("plays on the speaker, beginning at 0, and closes it when everything was written", async () => {
    const { sink, encoder, play } = await open({ device: "USB Audio" });
    await play(3);
    await sink.close();
    const { streams, packets } = await encoder.runs[0]!.read();
    expect(streams).toEqual([{ kind: "audio", rate: 8000, channels: 1, format: "s16le" }]);
    expect(packets.map(({ ptsUs }) => ptsUs)).toEqual([0, 20_000, 40_000]);
    expect(encoder.runs[0]!.state).toBe("closed");
  });

  it("opens the speaker anew where the format changes", async () => {
    const { sink, encoder } = await open();
    await sink.write(soundFrame("in", 0));
    await sink.write(soundFrame("in", 20_000, 16_000));
    expect(encoder.runs.map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  it("drops sound at its own pace while the speaker is away, and says when it is lost and found", async () => {
    const { encoder, play, events, clock } = await open();
    await play(60);
    encoder.runs[0]!.failure = failing("device-missing");
    encoder.failure = failing("device-missing");
    const begunUs = clock.nowUs();
    await play(100);
    expect(clock.nowUs() - begunUs).toBeGreaterThanOrEqual(2_000_000);
    expect(events.map(({ kind, code }) => [kind, code])).toEqual([["lost", "device-missing"]]);
    // Tried again after 250 ms, 500 ms, 1 s, each a little more or less: not with every frame.
    expect(encoder.runs.length).toBeGreaterThanOrEqual(3);
    expect(encoder.runs.length).toBeLessThan(8);
    expect(encoder.runs.every(({ state }) => state === "aborted")).toBe(true);
    encoder.failure = undefined;
    await play(300);
    expect(events.map(({ kind }) => kind)).toEqual(["lost", "found"]);
    expect(events[1]!.text).toContain("USB Audio");
    const { packets } = await encoder.runs.at(-1)!.read();
    expect(packets[0]!.ptsUs).toBe(0);
  });

  it("doesn't take a speaker for found that only swallows the first sound", async () => {
    const { encoder, play, events } = await open();
    encoder.failure = failing("device-busy");
    encoder.passing = 20;
    await play(200);
    expect(encoder.runs.length).toBeGreaterThan(2);
    expect(events.map(({ kind, code }) => [kind, code])).toEqual([["lost", "device-busy"]]);
  });

  it("waits for a speaker that isn't there yet", async () => {
    const { speakers, encoder, play, events } = await open({ device: "HDMI" });
    await play(5);
    expect(events).toMatchObject([{ kind: "lost", code: "device-missing" }]);
    speakers.push(hdmi);
    await play(200);
    expect(encoder.runs[0]!.output).toMatchObject({ device: "plughw:CARD=vc4,DEV=0" });
    expect(events.at(-1)).toMatchObject({ kind: "found" });
  });

  it.each(["device-denied", "device-unsupported", "ffmpeg-missing", "output-failed"] as const)(
    "ends with %s where it never played",
    async (code) => {
      const { sink, encoder } = await open();
      encoder.failure = failing(code);
      const error = ours(await rejection(sink.write(soundFrame("in", 0))), code);
      expect(error.where).toMatchObject({ node: "speaker" });
    },
  );

  it("ends with a loss where it shan't reconnect", async () => {
    const { sink, encoder, play } = await open({ reconnect: false });
    await play(60);
    encoder.runs[0]!.failure = failing("device-missing");
    ours(await rejection(sink.write(soundFrame("in", 2_000_000))), "device-missing");
  });

  it("can be given up while it waits", async () => {
    const { sink, encoder, clock } = await open();
    encoder.failure = failing("device-busy");
    const written = sink.write(soundFrame("in", 0));
    await clock.advance(1);
    expect(clock.sleeping).toBe(1);
    await sink.abort();
    await written;
    expect(clock.sleeping).toBe(0);
  });

  it("refuses what is no sound", async () => {
    const { sink } = await open();
    ours(await rejection(sink.write(pictureFrame("in", 0))), "node-bad-input");
  });

  it("has a descriptor", () => {
    expect(nodeDescriptorSchema.parse(audioSink.descriptor).name).toBe("AudioSink");
  });
});
