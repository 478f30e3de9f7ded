// Cameras and microphones of a real kernel: found, captured from, lost and found again, in a virtual machine.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readVividBars, readVividStamp, vividBars } from "../support/vivid-picture.ts";
import { deviceModules, deviceTrials, packDeviceTrials, picture, tone } from "./device-trials.ts";
import { type MachineResult, missingFor, runInMachine } from "./machine.ts";
import { type ListedFormat, parseFormatList } from "./parse-format-list.ts";

const bootMs = 420_000;
const checkout = join(import.meta.dirname, "../..");
const transcripts = join(checkout, ".cache/emulated");
const share = join(transcripts, "devices");

/** The machine starts this one's programs. */
const programs = { ffmpeg: "ffmpeg", "v4l2-ctl": "v4l-utils", aplay: "alsa-utils", arecord: "alsa-utils" };

function whyLeftOut(): string | undefined {
  if (process.arch !== "x64") return `a virtual machine would need ${process.arch} programs`;
  const missing = Object.entries(programs).filter(([program]) => Bun.which(program) === null);
  if (missing.length > 0) return `this needs ${[...new Set(missing.map(([, name]) => name))].join(", ")}`;
  const lacking = missingFor("x64");
  return lacking === undefined ? undefined : `this needs ${lacking}`;
}

const leftOut = whyLeftOut();
const title = "the devices of a real kernel";

describe.skipIf(leftOut !== undefined)(
  leftOut === undefined ? title : `${title} (left out: ${leftOut})`,
  () => {
    let machine: MachineResult;

    beforeAll(async () => {
      packDeviceTrials(share, join(checkout, "dist/remotemedia-linux-x64"));
      machine = await runInMachine({
        ...{ architecture: "x64", files: [], share, timeoutMs: bootMs },
        ...{ modules: deviceModules, commands: deviceTrials },
      });
      mkdirSync(transcripts, { recursive: true });
      writeFileSync(join(transcripts, "transcript-devices.txt"), machine.transcript);
    }, bootMs + 60_000);

    function outputOf(name: keyof typeof deviceTrials): string {
      const { exitCode, output } = machine.results.get(name)!;
      expect({ name, exitCode, output }).toMatchObject({ exitCode: 0 });
      return output;
    }

    it("are two cameras, microphones and speakers, and none of the driver's other nodes", () => {
      outputOf("probe");
      const { devices, absent } = readJson("probe.json");
      expect(namesOf(devices.cameras)).toEqual(["vivid-000-vid-cap", "vivid-001-vid-cap"]);
      expect(new Set(devices.cameras.map(({ id }: Named) => id)).size).toBe(2);
      const about = absent.map((absence: { about: string }) => absence.about);
      expect(about.filter((name: string) => name.startsWith("devices."))).toEqual([]);
      outputOf("sound-cards");
      for (const kind of ["microphones", "speakers"] as const) {
        const listed = readText(`${kind}.txt`).matchAll(/^card \d+: (\w+) .*, device (\d+):/gm);
        const ids = [...listed].map(([, card, device]) => `alsa-${card}-${device}`);
        expect(devices[kind].map(({ id }: Named) => id)).toEqual(ids);
        expect(ids).toHaveLength(2);
      }
      // As `arecord --dump-hw-params` has them.
      expect(devices.microphones[0]).toMatchObject({ max_channels: 32, rates: { min: 8000, max: 192_000 } });
      expect(devices.microphones[0].formats).toContain("S16_LE");
    });

    it("give the formats, sizes and rates that v4l2-ctl lists, with one plane and with several", () => {
      outputOf("v4l2-ctl");
      outputOf("prober");
      const [, ...answers] = readLines("prober.ndjson", (line) =>
        line === "ready" ? line : JSON.parse(line),
      );
      expect(answers).toHaveLength(2);
      for (const [index, device] of ["video0", "video4"].entries()) {
        const listed = parseFormatList(readText(`${device}.formats`));
        const { ok, value } = answers[index];
        expect(ok).toBe(true);
        expect(value.captureFormats.length).toBeGreaterThan(50);
        expect(value.captureFormats.map(asListed)).toEqual(listed.slice(0, value.captureFormats.length));
        expect(value.isTruncated).toBe(listed.length > value.captureFormats.length);
      }
      const { devices } = readJson("probe.json");
      const yuyv = parseFormatList(readText("video0.formats")).find(({ fourcc }) => fourcc === "YUYV")!;
      for (const { width, height, fps } of devices.cameras[0].formats.filter(
        ({ pixel }: { pixel: string }) => pixel === "YUYV",
      )) {
        const size = yuyv.sizes.find((one) => one.size === `${width}x${height}`);
        expect(fps).toEqual(size?.fps);
      }
    });

    it("give pictures to a pipeline, each with its colours and its number, without a gap", () => {
      outputOf("camera");
      const frames = readLines("camera.ndjson", JSON.parse);
      expect(frames.length).toBeGreaterThanOrEqual(40);
      const pictures = frames.map(({ width, height, base64 }) => ({
        ...{ width, height },
        data: Uint8Array.fromBase64(base64),
      }));
      for (const one of [pictures[0]!, pictures.at(-1)!]) {
        expect(one).toMatchObject({ width: picture.width, height: picture.height });
        expect(readVividBars(one)).toEqual(vividBars);
      }
      const stamps = pictures.map(readVividStamp);
      expect(stamps).not.toContain(undefined);
      const sequences = stamps.map((stamp) => stamp!.sequence);
      expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index));
      // The camera's clock and ours run at the same pace: a picture's pts is when it was taken.
      const drifts = stamps.map((stamp, index) => frames[index].pts / 1000 - stamp!.timeMs);
      expect(Math.max(...drifts) - Math.min(...drifts)).toBeLessThan(300);
      expect(reportOf("camera")).toMatchObject({ frames_dropped: 0, outcome: "interrupted" });
    });

    it("give sound to a pipeline: the tone that is played at the card's other end", () => {
      outputOf("microphone");
      const frames = readLines("microphone.ndjson", JSON.parse);
      expect(frames[0]).toMatchObject({ rate: tone.rate, channels: tone.channels, format: "s16le" });
      const bytes = frames.map(({ base64 }) => Uint8Array.fromBase64(base64));
      expectTone(bytes.flatMap((chunk) => [...new Int16Array(chunk.buffer)]));
    });

    it("play what a pipeline gives them, heard at the card's other end", () => {
      outputOf("speaker");
      const file = Uint8Array.from(readFileSync(join(share, "speaker.wav")));
      expectTone([...new Int16Array(file.buffer, 44)]);
    });

    it("may be lost in the middle of a run, which goes on when they are found again", () => {
      const before = Number(outputOf("lost-camera").split("\n").at(-1));
      const events = readLines("lost-camera.log", JSON.parse).flatMap(({ event }) => event ?? []);
      const kinds = events.map(({ kind }: { kind: string }) => kind);
      expect(kinds[0]).toBe("lost");
      expect(kinds.at(-1)).toBe("found");
      const frames = readLines("lost-camera.ndjson", JSON.parse);
      expect(frames.length).toBeGreaterThanOrEqual(before + 20);
      const times = frames.map(({ pts }) => pts as number);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      // The time without a camera is a gap in the frames' times.
      expect(times[before]! - times[before - 1]!).toBeGreaterThan(1_000_000);
      const { nodes, outcome } = reportOf("lost-camera");
      expect({ outcome, restarts: nodes[0].restarts }).toEqual({ outcome: "interrupted", restarts: 1 });
    });

    it("are told by probe --watch as they go and come", () => {
      outputOf("watch");
      const [first, without, again] = readLines("watch.ndjson", JSON.parse).map(({ devices }) => devices);
      expect(namesOf(first.cameras)).toHaveLength(2);
      expect(namesOf(without.cameras)).toEqual([]);
      expect(again.cameras.length).toBeGreaterThan(0);
      expect(without.microphones).toHaveLength(2);
    });

    it("break nothing in the kernel", () => {
      expect(outputOf("kernel")).toBe("");
    });
  },
);

/** At least 2.5 s of the tone, in the first channel. */
function expectTone(samples: readonly number[]): void {
  const left = samples.filter((_, index) => index % tone.channels === 0);
  const seconds = left.length / tone.rate;
  expect(seconds).toBeGreaterThan(2.5);
  const rising = left.filter((sample, index) => index > 0 && left[index - 1]! < 0 && sample >= 0).length;
  // An emulated machine may miss a moment of the tone, never invent one.
  expect(rising / seconds).toBeGreaterThan(tone.hz * 0.95);
  expect(rising / seconds).toBeLessThan(tone.hz * 1.01);
  expect(Math.max(...left.slice(0, tone.rate))).toBeGreaterThan(16_000);
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function namesOf(devices: readonly Named[]): string[] {
  return devices.map(({ name }) => name);
}

function readText(file: string): string {
  return readFileSync(join(share, file), "utf8");
}

// biome-ignore lint/suspicious/noExplicitAny: what the program printed is checked by what is expected of it
function readJson(file: string): any {
  return JSON.parse(readText(file));
}

// biome-ignore lint/suspicious/noExplicitAny: what the program printed is checked by what is expected of it
function readLines(file: string, parse: (line: string) => any): any[] {
  return readText(file).trim().split("\n").map(parse);
}

// biome-ignore lint/suspicious/noExplicitAny: what the program printed is checked by what is expected of it
function reportOf(name: string): any {
  return readLines(`${name}.log`, JSON.parse).find(({ report }) => report !== undefined).report;
}

/** A format of an answer, as v4l2-ctl lists it. */
function asListed(format: {
  fourcc: string;
  sizes: readonly {
    width: number;
    height: number;
    intervals: readonly { numerator: number; denominator: number }[];
  }[];
}): ListedFormat {
  return {
    fourcc: format.fourcc,
    sizes: format.sizes.map(({ width, height, intervals }) => ({
      size: `${width}x${height}`,
      fps: intervals.map(({ numerator, denominator }) => Number((denominator / numerator).toFixed(3))),
    })),
  };
}
