// Opens an input of any form as a StoredSource.
import { type Stats, statSync } from "node:fs";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { DecodedPixels, MediaDecoder } from "../../platform/contract/media-decoder.ts";
import type { Frame, PayloadKind } from "../node/frame.ts";
import type { StoredSource } from "../node/runner.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { fileBytes, stdinBytes, unopened, untilAborted } from "./input-bytes.ts";
import { inputFormat } from "./media-format.ts";
import { mediaSource } from "./media-source.ts";
import { type LocatedFrame, readJsonFrames, readNdjsonFrames } from "./read-json-frames.ts";
import { sha256Hex } from "./sha256-hex.ts";
import { sampleTimeUs } from "./wav-format.ts";
import { type ForeignWav, readWavHeader, type WavHeader } from "./wav-header.ts";
import { defaultFrameMs, readWav } from "./wav-reader.ts";

export interface SourceSpec {
  /** A file, or "-" for NDJSON on stdin. */
  readonly path: string;
  /** The input port that takes the frames; every frame gets its name. */
  readonly port: string;
  /** The payload kinds that the port takes. */
  readonly kinds: readonly PayloadKind[];
  /** Duration of a frame of audio in milliseconds, 1 to 1000; default 20. */
  readonly frameMs?: number | undefined;
  /** Pixel layout of decoded video; default i420. */
  readonly pixels?: DecodedPixels | undefined;
}

export interface SourceParts {
  /** For files that are not read natively. */
  readonly decoder: MediaDecoder;
  /** Default: the process's own. */
  readonly stdin?: ((signal: AbortSignal) => AsyncIterable<Uint8Array>) | undefined;
}

/** Opens a source: the file is looked at, its duration found, and what can't work is refused before a frame flows.
 *
 * Throws `input-missing`, `input-invalid` (also where the port takes no kind that the file has), `input-broken`, and
 * `ffmpeg-missing`. The frames throw as FrameSource says; a raised signal ends them without an error. */
export async function openSource(spec: SourceSpec, parts: SourceParts): Promise<StoredSource> {
  checkFrameMs(spec.frameMs);
  if (spec.path === "-") {
    return jsonSource(spec, "ndjson", parts.stdin ?? stdinBytes);
  }
  const stats = lookAt(spec.path);
  const format = inputFormat(spec.path);
  if (format === "json" || format === "ndjson") return jsonSource(spec, format, () => fileBytes(spec.path));
  if (format === "wav") {
    // A pipe's header would be gone after a look at it.
    const header = stats.isFile() ? await peekWav(spec.path) : undefined;
    if (header === undefined || !("foreign" in header)) return wavSource(spec, header, stats.size);
  }
  const media = await mediaSource({ ...spec, seekable: stats.isFile() }, parts.decoder);
  return { durationUs: media.durationUs, frames: (signal) => quietly(media.frames(signal), signal) };
}

function jsonSource(
  spec: SourceSpec,
  format: "json" | "ndjson",
  bytes: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): StoredSource {
  const read = format === "json" ? readJsonFrames : readNdjsonFrames;
  const options = { port: spec.port, sha256: sha256Hex, ...(spec.path === "-" ? {} : { file: spec.path }) };
  return {
    frames: (signal) => quietly(toPort(read(untilAborted(bytes(signal), signal), options), spec), signal),
  };
}

/** A line of our own output names the port that its frame left by; it enters by the source's. */
async function* toPort(frames: AsyncIterable<LocatedFrame>, spec: SourceSpec): AsyncGenerator<Frame> {
  for await (const { frame, line } of frames) {
    if (!spec.kinds.includes(frame.payload.kind)) {
      throw new RemoteMediaError(
        "input-invalid",
        `Line ${line} is ${frame.payload.kind}; ${portTakes(spec)}.`,
        {
          where: { ...(spec.path === "-" ? {} : { file: spec.path }), line, port: spec.port },
          hint: "Give values of a kind that the port takes.",
        },
      );
    }
    yield frame.port === spec.port ? frame : { ...frame, port: spec.port };
  }
}

function wavSource(spec: SourceSpec, header: WavHeader | undefined, fileBytesCount: number): StoredSource {
  if (!spec.kinds.includes("audio")) {
    throw new RemoteMediaError("input-invalid", `The input is audio; ${portTakes(spec)}.`, {
      where: { file: spec.path, port: spec.port },
      hint: "Give an input of a kind that the port takes.",
    });
  }
  const options = { port: spec.port, frameMs: spec.frameMs ?? defaultFrameMs, file: spec.path };
  return {
    durationUs: header && wavDurationUs(header, fileBytesCount),
    frames: (signal) => quietly(readWav(untilAborted(fileBytes(spec.path), signal), options), signal),
  };
}

function wavDurationUs(header: WavHeader, fileBytesCount: number): number {
  // Of samples that go on to the end the header's few bytes don't matter for a progress bar.
  const bytes = header.dataBytes ?? fileBytesCount;
  return sampleTimeUs(Math.floor(bytes / header.blockBytes), header.rate);
}

async function peekWav(path: string): Promise<WavHeader | ForeignWav> {
  const cursor = new ByteCursor(fileBytes(path));
  try {
    return await readWavHeader(cursor, path);
  } finally {
    await cursor.release();
  }
}

/** Ends the frames where the signal is raised: what the interruption tears is no error. */
async function* quietly(frames: AsyncIterable<Frame>, signal: AbortSignal): AsyncGenerator<Frame> {
  try {
    for await (const frame of frames) {
      if (signal.aborted) return;
      yield frame;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function lookAt(path: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw unopened(path, cause);
  }
  if (!stats.isDirectory()) return stats;
  throw new RemoteMediaError("input-invalid", "The input is a folder.", {
    where: { file: path },
    hint: "Give a file.",
  });
}

function portTakes(spec: SourceSpec): string {
  return `the port ${spec.port} takes ${spec.kinds.join(", ")}`;
}

function checkFrameMs(frameMs: number | undefined): void {
  if (frameMs === undefined || (frameMs >= 1 && frameMs <= 1000)) return;
  throw new RemoteMediaError("usage", `A frame of audio can't last ${frameMs} ms.`, {
    hint: "Give 1 to 1000 milliseconds.",
  });
}
