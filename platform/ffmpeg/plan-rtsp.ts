// An RTSP camera into FFmpeg's options. Pure.
import { RemoteMediaError } from "../base/error.ts";
import type { CaptureInput } from "../contract/media-capture.ts";
import { withoutCredentials } from "./classify-complaint.ts";
import { type FfmpegVersion, isAtLeast } from "./ffmpeg-version.ts";
import type { InputPlan } from "./input-plan.ts";

type RtspInput = Extract<CaptureInput, { kind: "rtsp" }>;

/** Pictures can be shown from a key frame on only, and cameras send one every few seconds. */
const keyFrameMs = 10_000;

/** The times are the camera's. Throws `stream-unreachable` for an address that isn't RTSP's. */
export function planRtsp(input: RtspInput, version: FfmpegVersion): InputPlan {
  const name = checkAddress(input.url);
  const transport = input.listen ? [] : ["-rtsp_transport", input.transport];
  const wait = isAtLeast(version, 5, 0) ? "-timeout" : "-stimeout";
  // Before 5.0 `-timeout` made FFmpeg listen. A listener waits for ever: the camera may come tomorrow.
  const manner = input.listen ? ["-rtsp_flags", "listen"] : [wait, `${input.timeoutMs * 1000}`];
  // What is read to know the streams is kept: `-fflags nobuffer` would throw the first key frame away.
  const probe = ["-probesize", "1000000", "-analyzeduration", "1000000", "-fpsprobesize", "0"];
  return {
    times: "stream",
    subject: { kind: "stream", name },
    input: input.url,
    options: [
      "-protocol_whitelist",
      "rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto",
      "-f",
      "rtsp",
      ...probe,
      ...transport,
      ...manner,
    ],
    isEndless: true,
    // FFmpeg's own limits come first; these are for a name server that hangs, or a listener's camera that falls silent.
    silenceMs: {
      first: input.listen ? Number.POSITIVE_INFINITY : input.timeoutMs + keyFrameMs,
      later: input.timeoutMs + 500,
    },
  };
}

/** The address as messages may show it. */
function checkAddress(url: string): string {
  const isWhole =
    /^rtsps?:\/\/[^\s/?#]+[\u0021-\u007e]*$/.test(url) && url.length <= 2048 && URL.canParse(url);
  if (isWhole) return withoutCredentials(url);
  throw new RemoteMediaError(
    "stream-unreachable",
    "An RTSP camera's address begins with rtsp:// or rtsps://.",
    {
      hint: "Give an address such as rtsp://user:password@camera/stream",
    },
  );
}
