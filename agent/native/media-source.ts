// A file that the decoder reads, as a StoredSource: its sound or its pictures, as the port takes them.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type {
  DecodedPixels,
  DecodeRequest,
  MediaDecoder,
  MediaInfo,
} from "../../platform/contract/media-decoder.ts";
import type { Frame, PayloadKind } from "../node/frame.ts";
import type { StoredSource } from "../node/runner.ts";
import { readPam } from "./pam-reader.ts";
import { readWav } from "./wav-reader.ts";
import { readY4m } from "./y4m-reader.ts";

export interface MediaSourceSpec {
  readonly path: string;
  readonly port: string;
  readonly kinds: readonly PayloadKind[];
  readonly frameMs?: number | undefined;
  readonly pixels?: DecodedPixels | undefined;
  /** Whether the file can be looked at without using it up. */
  readonly seekable: boolean;
}

const defaultRate = { numerator: 25, denominator: 1 };

/** Finds out what the file has and the port takes. Where both are sound and pictures, sound is taken.
 * Throws `input-invalid` where they have nothing in common, and as MediaDecoder's `probe`. */
export async function mediaSource(spec: MediaSourceSpec, decoder: MediaDecoder): Promise<StoredSource> {
  const info = spec.seekable ? await decoder.probe(spec.path, new AbortController().signal) : undefined;
  const request = chooseStream(spec, info);
  return {
    durationUs: info?.durationUs,
    frames: (signal) => readFrames(spec, request, decoder.decode(spec.path, request, signal)),
  };
}

function chooseStream(spec: MediaSourceSpec, info: MediaInfo | undefined): DecodeRequest {
  const takes = (kind: PayloadKind) => spec.kinds.includes(kind);
  if (takes("audio") && (info === undefined || info.audio !== undefined)) {
    return { kind: "audio", samples: info?.audio?.samples ?? "f32le", stream: info?.audio?.index };
  }
  if (takes("video") && (info === undefined || info.video !== undefined)) {
    return {
      kind: "video",
      pixels: spec.pixels ?? "i420",
      stream: info?.video?.index,
      frameRate: info?.video?.frameRate ?? defaultRate,
    };
  }
  const has = (["audio", "video"] as const).filter((kind) => info?.[kind] !== undefined);
  const what =
    has.length > 0 ? has.join(" and ") : info === undefined ? "media" : "neither sound nor pictures";
  throw new RemoteMediaError(
    "input-invalid",
    `The input has ${what}; the port ${spec.port} takes ${spec.kinds.join(", ")}.`,
    { where: { file: spec.path, port: spec.port }, hint: "Give an input of a kind that the port takes." },
  );
}

function readFrames(
  spec: MediaSourceSpec,
  request: DecodeRequest,
  bytes: AsyncIterable<Uint8Array>,
): AsyncIterable<Frame> {
  const options = { port: spec.port, file: spec.path };
  if (request.kind === "audio") return readWav(bytes, { ...options, frameMs: spec.frameMs });
  if (request.pixels === "i420" || request.pixels === "gray8") return readY4m(bytes, options);
  return readPam(bytes, { ...options, frameRate: request.frameRate ?? defaultRate });
}
