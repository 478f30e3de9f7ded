#!/usr/bin/env bun
// Makes speech.wav, three spoken phrases in faint noise, and speech.truth.json, where they are. Needs espeak-ng.
//   bun examples/speech-gate/make-clip.ts [FOLDER]
// The same espeak-ng (1.51 made the committed clip) gives the same bytes: the noise is counted out, not drawn.
import { join } from "node:path";
import { wavHeader } from "../../agent/native/wav-writer.ts";

const rate = 22_050;
const phrases = [
  { text: "The gate is closed.", voice: "en-gb", gapSeconds: 0.9 },
  { text: "Somebody is standing at the door.", voice: "en-us", gapSeconds: 1.2 },
  { text: "Please come in.", voice: "en-gb", gapSeconds: 0.8 },
];
const endSeconds = 1;
/** About -61 dBFS: a quiet room. */
const noiseAmplitude = 50;
/** What counts as speech's beginning and end: -40 dB of full scale. */
const audible = 328;

function speak(text: string, voice: string): Int16Array {
  const args = ["espeak-ng", "-v", voice, "-s", "150", "-a", "80", "--stdout", text];
  const { stdout, success } = Bun.spawnSync(args);
  if (!success) {
    console.error("make-clip: espeak-ng failed. Install it: apt install espeak-ng");
    process.exit(1);
  }
  // Its WAV has the plain header of 44 bytes.
  const samples = new Int16Array(
    stdout.buffer.slice(stdout.byteOffset + 44, stdout.byteOffset + (stdout.length & ~1)),
  );
  const first = samples.findIndex((sample) => Math.abs(sample) > audible);
  const last = samples.findLastIndex((sample) => Math.abs(sample) > audible);
  return samples.slice(first, last + 1);
}

/** Numerical Recipes' generator: the same numbers everywhere. */
function noiseSource(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 2 * noiseAmplitude;
  };
}

const spoken = phrases.map((phrase) => ({ ...phrase, samples: speak(phrase.text, phrase.voice) }));
const seconds = (count: number) => Math.round(count * rate);
const length =
  spoken.reduce((sum, { samples, gapSeconds }) => sum + seconds(gapSeconds) + samples.length, 0) +
  seconds(endSeconds);
const clip = new Int16Array(length);
const timeUs = (sample: number) => Math.round((sample * 1_000_000) / rate);
const truth: { text: string; start_us: number; end_us: number }[] = [];
let at = 0;
for (const { text, gapSeconds, samples } of spoken) {
  at += seconds(gapSeconds);
  clip.set(samples, at);
  truth.push({ text, start_us: timeUs(at), end_us: timeUs(at + samples.length) });
  at += samples.length;
}
const noise = noiseSource();
for (let index = 0; index < clip.length; index++) {
  clip[index] = Math.max(-32_768, Math.min(32_767, Math.round(clip[index]! + noise())));
}

const header = wavHeader({ rate, channels: 1, format: "s16le" }, clip.byteLength);
const folder = process.argv[2] ?? import.meta.dirname;
await Bun.write(join(folder, "speech.wav"), new Blob([header, clip]));
const document = { rate, duration_us: timeUs(length), phrases: truth };
await Bun.write(join(folder, "speech.truth.json"), `${JSON.stringify(document, undefined, 2)}\n`);
