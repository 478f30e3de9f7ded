// Whether this machine can reach peers: the doctor's check of the WebRTC library.
import { toRemoteMediaError } from "../../platform/base/error.ts";
import type { Check } from "./check.ts";

export async function examineMesh(): Promise<Check> {
  const about = { name: "mesh", needed: false };
  try {
    // Loaded here only: a native addon, which no other check needs.
    const { webrtcVersion } = await import("../../platform/webrtc/load-library.ts");
    return {
      ...about,
      status: "ok",
      detail: `WebRTC library loaded (libdatachannel ${await webrtcVersion()})`,
    };
  } catch (thrown) {
    const { message, hint } = toRemoteMediaError(thrown);
    return { ...about, status: "missing", detail: message, mend: hint ?? "run nodes on this machine only" };
  }
}
