// Which file feeds which open input, and takes which open output.
import { describe, expect, test } from "vitest";
import { bindInputs, bindOutputs } from "../../../agent/main/bind-ends.ts";
import type { OpenInput, OpenOutput } from "../../../agent/manifest/resolved.ts";
import type { RemoteMediaError } from "../../../platform/base/error.ts";

function port(name: string, required = true): OpenInput & OpenOutput {
  const [node = "", port = ""] = name.split(".");
  return { node, port, kinds: ["json"], required, onRequest: false };
}

const [one, two, events] = [port("a.in"), port("b.in"), port("vad.events")];

function refusal(bind: () => unknown): string {
  try {
    bind();
  } catch (error) {
    const { code, message, hint } = error as RemoteMediaError;
    return `${code}: ${message}; ${hint}`;
  }
  return "bound";
}

function shown(bindings: ReturnType<typeof bindInputs>): string[] {
  return bindings.map(({ port, path }) => `${port.node}.${port.port}=${path}`);
}

describe("inputs", () => {
  test("one that isn't required may stay open, but not all of a node's", () => {
    const [video, audio] = [port("file.video", false), port("file.audio", false)];
    expect(shown(bindInputs(["file.video=x.mp4"], [video, audio]))).toEqual(["file.video=x.mp4"]);
    expect(refusal(() => bindInputs([], [video, audio]))).toMatch(
      /^usage: nothing feeds file.video, file.audio/,
    );
  });

  test("a bare file feeds the only open input, also when its name has an equals sign", () => {
    expect(shown(bindInputs(["x.wav"], [one]))).toEqual(["a.in=x.wav"]);
    expect(shown(bindInputs(["./k=v.wav"], [one]))).toEqual(["a.in=./k=v.wav"]);
  });

  test("several are named by node and port, or by node where it has one", () => {
    expect(shown(bindInputs(["b=y.wav", "a.in=x.wav"], [one, two]))).toEqual(["b.in=y.wav", "a.in=x.wav"]);
  });

  test.each([
    [
      ["x.wav"],
      [one, two],
      /2 inputs are open, and --input x\.wav doesn't say which; give each: --input a\.in=FILE/,
    ],
    [["x.wav"], [], /the pipeline takes no input/],
    [["a=x.wav"], [one, two], /nothing feeds b\.in/],
    [["x.wav", "y.wav"], [one], /feeds a\.in twice/],
    [["c=x.wav"], [one, two], /c is not an open end of the pipeline/],
    [["a.inn=x.wav"], [one, two], /did you mean a\.in\?/],
    [["a=-", "b=-"], [one, two], /stdin can feed one input only/],
  ])("refuses %j", (options, open, said) => {
    const text = refusal(() => bindInputs(options, open));
    expect(text).toMatch(/^usage: /);
    expect(text).toMatch(said);
  });
});

describe("outputs", () => {
  test("one on request is taken where it is named, and not by a bare file", () => {
    const audio = { ...port("camera.audio"), onRequest: true };
    expect(shown(bindOutputs(["x.ndjson"], [events, audio]))).toEqual(["vad.events=x.ndjson"]);
    expect(shown(bindOutputs(["camera.audio=a.wav"], [events, audio]))).toEqual(["camera.audio=a.wav"]);
  });

  test("a bare file takes every open output that no other option names", () => {
    expect(shown(bindOutputs(["-", "vad=e.ndjson"], [one, events, two]))).toEqual([
      ...["vad.events=e.ndjson", "a.in=-", "b.in=-"],
    ]);
  });

  test("one output may go to several files", () => {
    expect(shown(bindOutputs(["a=x.json", "a=-"], [one]))).toEqual(["a.in=x.json", "a.in=-"]);
  });

  test.each([
    [["x.json", "-"], [one], /several --output without a port: x\.json, -/],
    [["x.json"], [], /nothing is left for --output x\.json; the pipeline has no open output/],
    [["a=y.json", "x.json"], [one], /nothing is left for --output x\.json/],
  ])("refuses %j", (options, open, said) => {
    expect(refusal(() => bindOutputs(options, open))).toMatch(said);
  });
});
