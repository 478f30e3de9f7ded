// The test sounds: what they are, and that the real VoiceActivity takes the speech for speech.
import { beforeAll, describe, expect, it } from "vitest";
import { phrasePeriodUs, phraseUs } from "../../../../agent/native/synthetic/speech-noise.ts";
import { type TestSoundSpec, testSound } from "../../../../agent/native/synthetic/test-sound.ts";
import { sampleFormats } from "../../../../agent/node/frame.ts";
import { type LoadedNode, loadNode } from "../../../nodes/load-node.ts";
import { jsonOf } from "../../../nodes/signals.ts";

let detector: () => LoadedNode;
beforeAll(async () => {
  detector = await loadNode("VoiceActivity");
});

const spec: TestSoundSpec = { signal: "speech", rate: 16_000, channels: 1, format: "s16le" };

/** Segments of speech in seconds, as the node tells. */
function speechIn(sound: TestSoundSpec, seconds: number) {
  const node = detector();
  node.open({});
  const samples = sound.rate / 50;
  const payload = {
    kind: "audio",
    rate: sound.rate,
    channels: sound.channels,
    format: sound.format,
  } as const;
  const frames = Array.from({ length: Math.floor(seconds * 50) }, (_, count) => {
    const data = testSound(sound, count * samples, samples);
    return node.process({ port: "in", pts: count * 20_000, payload, data });
  }).flat();
  return [...frames, ...node.flush()]
    .filter((frame) => frame.port === "events")
    .map(jsonOf)
    .filter((event) => event["is_speech_end"])
    .map((event) => [Number(event["start_us"]) / 1e6, Number(event["end_us"]) / 1e6] as const);
}

const root = (data: Uint8Array) => {
  const samples = new Int16Array(data.buffer);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length) / 32_768;
};

describe("Test sounds", () => {
  it.each([
    [16_000, 1],
    [48_000, 2],
  ])("are speech in phrases with pauses to VoiceActivity, at %i Hz on %i channels", (rate, channels) => {
    const found = speechIn({ ...spec, rate, channels }, 12.7);
    expect(found.length).toBe(4);
    for (const [index, [start, end]] of found.entries()) {
      const begin = (index * phrasePeriodUs) / 1e6;
      expect(Math.abs(start - begin)).toBeLessThan(0.2);
      expect(Math.abs(end - begin - phraseUs / 1e6)).toBeLessThan(0.35);
    }
  });

  it("are no speech where they are silence", () => {
    expect(speechIn({ ...spec, signal: "silence" }, 5)).toEqual([]);
    expect(root(testSound({ ...spec, signal: "silence" }, 0, 1000))).toBe(0);
  });

  it("are tones of the pitch of their second and channel, without a click between seconds", () => {
    const rate = 16_000;
    const sound = testSound({ signal: "tones", rate, channels: 2, format: "f32le" }, 0, rate * 2);
    const samples = new Float32Array(sound.buffer);
    const crossings = (from: number, channel: number) => {
      let count = 0;
      for (let index = from; index < from + rate - 1; index++) {
        const [now, next] = [samples[index * 2 + channel]!, samples[(index + 1) * 2 + channel]!];
        if (now < 0 && next >= 0) count++;
      }
      return count;
    };
    expect(Math.abs(crossings(0, 0) - 440)).toBeLessThanOrEqual(1);
    expect(Math.abs(crossings(0, 1) - 880)).toBeLessThanOrEqual(1);
    expect(Math.abs(crossings(rate, 0) - 495)).toBeLessThanOrEqual(1);
    const steps = samples.slice(2).map((sample, index) => Math.abs(sample - samples[index]!));
    expect(Math.max(...steps)).toBeLessThan(0.1);
  });

  it.each(sampleFormats)("are the same however they are cut into frames, as %s", (format) => {
    for (const signal of ["tones", "speech"] as const) {
      const sound = { ...spec, signal, format, channels: 2 };
      const whole = testSound(sound, 100, 700);
      const pieces = Buffer.concat([testSound(sound, 100, 333), testSound(sound, 433, 367)]);
      expect(Buffer.compare(pieces, whole)).toBe(0);
    }
  });
});
