// A capture request into FFmpeg's options, and what its times count from. Pure.
import type { CaptureInput, CaptureRequest } from "../contract/media-capture.ts";
import type { FfmpegVersion } from "./ffmpeg-version.ts";
import { hardwareOptions } from "./hardware-decoding.ts";
import type { InputPlan } from "./input-plan.ts";
import { planOutput } from "./plan-output.ts";
import { planRtsp } from "./plan-rtsp.ts";
import { planSound } from "./plan-sound.ts";
import { v4l2Format } from "./v4l2-format.ts";

/** How a capture is run. */
export interface CapturePlan extends Omit<InputPlan, "options" | "ways"> {
  /** The options before the input, one list a way to open it. At least one. */
  readonly attempts: readonly (readonly string[])[];
  readonly outputOptions: readonly string[];
}

/** What is taken of an input. */
export type MediaRequest = Omit<CaptureRequest, "input">;

/** Throws `device-unsupported`, `stream-unreachable` for a name that can be none of its kind. */
export function planCapture(input: CaptureInput, request: MediaRequest, version: FfmpegVersion): CapturePlan {
  const { options, ways = [[]], ...plan } = planInput(input, request, version);
  const hardware = hardwareOptions(request);
  // Only so does FFmpeg tell that a driver changed what was asked of it.
  const level = input.kind === "v4l2" ? "level+info" : "error";
  const common = ["-nostdin", "-nostats", "-v", level, "-copyts"];
  const attempts = hardware === undefined ? ways : [hardware, ...ways];
  return {
    ...plan,
    attempts: attempts.map((way) => [...common, ...way, ...options]),
    outputOptions: planOutput(request, version),
  };
}

function planInput(input: CaptureInput, request: MediaRequest, version: FfmpegVersion): InputPlan {
  switch (input.kind) {
    case "v4l2":
      return planV4l2(input);
    case "alsa":
    case "pulse":
      return planSound(input, request.audio?.samples);
    case "rtsp":
      return planRtsp(input, version);
    case "file":
      return planFile(input);
    case "screen":
      return planScreen(input);
    case "libcamera":
      return planLibcameraStream(input);
  }
}

type InputOf<Kind extends CaptureInput["kind"]> = Extract<CaptureInput, { kind: Kind }>;

/** The driver's own times: CLOCK_MONOTONIC with every driver of the mainline kernel. `mono2abs` would smooth them. */
function planV4l2(input: InputOf<"v4l2">): InputPlan {
  const pixel = input.pixel === undefined ? [] : ["-input_format", v4l2Format(input.pixel)];
  // The driver gives size and layout with the device: nothing has to be read ahead to know them.
  const known = ["-probesize", "32", "-analyzeduration", "0", "-thread_queue_size", "8"];
  return {
    times: "monotonic",
    subject: { kind: "camera", name: `camera ${input.path}` },
    input: input.path,
    options: [...known, "-f", "v4l2", ...frameOptions(input), ...pixel, "-ts", "default"],
    isEndless: true,
    refuses: input.width === undefined ? undefined : /driver changed the video/,
  };
}

/** The camera's pictures come on stdin. */
function planLibcameraStream(input: InputOf<"libcamera">): InputPlan {
  return {
    times: "monotonic",
    subject: { kind: "camera", name: `libcamera's camera ${input.camera}` },
    input: "pipe:0",
    options: ["-f", "matroska", "-fpsprobesize", "0", "-analyzeduration", "0"],
    isEndless: true,
    // A camera needs a second or two for its first picture; its program can hang for ever.
    silenceMs: { first: 15_000, later: 5000 },
  };
}

/** A playlist in the file may name further inputs: those on disk, none on the network. */
function planFile(input: InputOf<"file">): InputPlan {
  const pace = input.realtime ? ["-re"] : [];
  const loop = input.loop ? ["-stream_loop", "-1"] : [];
  return {
    times: "stream",
    subject: { kind: "file", name: input.path },
    // The address keeps FFmpeg from taking a part of the name for an option, a protocol or a pattern.
    input: `file:${input.path}`,
    options: ["-protocol_whitelist", "file,pipe", ...pace, ...loop],
    isEndless: input.loop,
  };
}

/** FFmpeg gives each picture the wall clock's time at which it took it. */
function planScreen(input: InputOf<"screen">): InputPlan {
  const place = ["-grab_x", `${input.x}`, "-grab_y", `${input.y}`, "-draw_mouse", "1"];
  return {
    times: "wall",
    subject: { kind: "screen", name: `screen ${input.display}` },
    input: input.display,
    options: ["-probesize", "32", "-analyzeduration", "0", "-f", "x11grab", ...frameOptions(input), ...place],
    isEndless: true,
  };
}

function frameOptions(input: InputOf<"v4l2"> | InputOf<"screen">): readonly string[] {
  const { width, height, rate } = input;
  const size = width === undefined || height === undefined ? [] : ["-video_size", `${width}x${height}`];
  const pace = rate === undefined ? [] : ["-framerate", `${rate.numerator}/${rate.denominator}`];
  return [...size, ...pace];
}
