// RtspSource.
import type { NativeNodeType } from "../node-type.ts";
import { rtspDescriptor } from "./rtsp-params.ts";

export const rtspSource: NativeNodeType = {
  descriptor: rtspDescriptor,
};
