// CameraSource.
import type { NativeNodeType } from "../node-type.ts";
import { cameraDescriptor } from "./camera-params.ts";

export const cameraSource: NativeNodeType = {
  descriptor: cameraDescriptor,
};
