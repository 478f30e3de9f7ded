// ScreenSource.
import type { NativeNodeType } from "../node-type.ts";
import { screenDescriptor } from "./screen-params.ts";

export const screenSource: NativeNodeType = {
  descriptor: screenDescriptor,
};
