// AudioSource.
import type { NativeNodeType } from "../node-type.ts";
import { audioDescriptor } from "./audio-params.ts";

export const audioSource: NativeNodeType = {
  descriptor: audioDescriptor,
};
