// Opens the outputs of a run as FrameSinks; outputs that go to one place share it.
import { resolve } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { FrameSink } from "../node/runner.ts";
import type { ByteTarget } from "./byte-target.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { jsonFrameWriter } from "./json-frame-writer.ts";
import { outputFormat, writableExtensions } from "./media-format.ts";
import { openDescriptorTarget, openFileTarget } from "./open-target.ts";
import { wavFrameWriter } from "./wav-frame-writer.ts";
import { writerSink } from "./writer-sink.ts";

export interface SinkSpec {
  /** A file, or "-" for NDJSON on stdout. */
  readonly path: string;
  /** The node whose output this is. */
  readonly node: string;
  /** Whether frames of neither JSON nor text carry their bytes; one spec of a shared path is enough. */
  readonly raw?: boolean | undefined;
}

export interface SinkParts {
  /** The descriptor that "-" stands for; default 1. */
  readonly stdoutDescriptor?: number | undefined;
}

/** Opens a sink for each spec, in their order. Specs of one path get the same sink, so that the executor orders what they write, and
 * where they are of several nodes every line names its node.
 *
 * Throws `usage` for a path of no known form or several outputs to one WAV, and `output-failed`; then nothing stays open. The
 * sinks throw `output-failed`, `output-closed` and `node-bad-output`. */
export async function openSinks(specs: readonly SinkSpec[], parts: SinkParts = {}): Promise<FrameSink[]> {
  const groups = Map.groupBy(specs, ({ path }) => (path === "-" ? "-" : resolve(path)));
  for (const group of groups.values()) checkGroup(group);
  const opened = new Map<SinkSpec, FrameSink>();
  try {
    for (const group of groups.values()) {
      const writer = await openWriter(group, parts);
      const sink = writerSink(writer, new Set(group.map(({ node }) => node)).size > 1);
      for (const spec of group) opened.set(spec, sink);
    }
  } catch (error) {
    await Promise.all([...opened.values()].map((sink) => sink.abort()));
    throw error;
  }
  return specs.map((spec) => opened.get(spec)!);
}

/** Opens one output. @see openSinks */
export async function openSink(spec: SinkSpec, parts: SinkParts = {}): Promise<FrameSink> {
  return (await openSinks([spec], parts))[0]!;
}

function checkGroup(group: readonly SinkSpec[]): void {
  const { path } = group[0]!;
  const format = outputFormat(path);
  if (format === undefined) {
    throw new RemoteMediaError("usage", `An output can't be written as ${path}.`, {
      hint: `Give - or a file that ends in ${[...writableExtensions].join(", ")}.`,
    });
  }
  if (format === "wav" && group.length > 1) {
    const nodes = group.map(({ node }) => node).join(", ");
    throw new RemoteMediaError(
      "usage",
      `${group.length} outputs (of ${nodes}) can't share the WAV ${path}.`,
      {
        hint: "Give each its own: --output node.port=FILE.",
      },
    );
  }
}

async function openWriter(group: readonly SinkSpec[], parts: SinkParts): Promise<FrameWriter> {
  const { path } = group[0]!;
  const target: ByteTarget =
    path === "-" ? openDescriptorTarget(parts.stdoutDescriptor) : await openFileTarget(path);
  const format = outputFormat(path);
  if (format === "wav") return wavFrameWriter(target, path);
  return jsonFrameWriter(target, { raw: group.some(({ raw }) => raw === true), array: format === "json" });
}
