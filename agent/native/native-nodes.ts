// The node types that are the machine's own: what a manifest may name without bringing code along.
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { NativeNodeType } from "./node-type.ts";
import { audioSink } from "./nodes/audio-sink.ts";
import { audioSource } from "./nodes/audio-source.ts";
import { cameraSource } from "./nodes/camera-source.ts";
import { fileSink } from "./nodes/file-sink.ts";
import { fileSource } from "./nodes/file-source.ts";
import { imageSink } from "./nodes/image-sink.ts";
import { remotePipeline } from "./nodes/remote-pipeline.ts";
import { rtspSource } from "./nodes/rtsp-source.ts";
import { screenSource } from "./nodes/screen-source.ts";
import { syntheticSource } from "./nodes/synthetic-source.ts";

const types: readonly NativeNodeType[] = [
  audioSink,
  audioSource,
  cameraSource,
  fileSink,
  fileSource,
  imageSink,
  remotePipeline,
  rtspSource,
  screenSource,
  syntheticSource,
];

/** By `node_type`, in alphabetical order. */
export const nativeNodes: ReadonlyMap<string, NativeNodeType> = new Map(
  types.map((type) => [type.descriptor.name, type]),
);

/** What a catalog is built from. */
export function nativeDescriptors(): readonly NodeDescriptor[] {
  return [...nativeNodes.values()].map(({ descriptor }) => descriptor);
}
