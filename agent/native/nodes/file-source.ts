// FileSource.
import type { NativeNodeType } from "../node-type.ts";
import { fileDescriptor } from "./file-params.ts";

export const fileSource: NativeNodeType = {
  descriptor: fileDescriptor,
};
