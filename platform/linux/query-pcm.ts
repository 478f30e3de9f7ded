// queryPcm: asks an open PCM device what it is called and which parameters it takes.
import type { PcmDevice } from "../contract/machine.ts";
import type { OpenDevice } from "./device-file.ts";
import { decodeParameters, decodePcmInfo, encodeAnyParameters, pcmRequests } from "./pcm-structs.ts";

/** What the device says, or the error number of its answer. */
export function queryPcm(device: Pick<OpenDevice, "ioctl">): PcmDevice | number {
  const info = new DataView(new ArrayBuffer(pcmRequests.INFO.size));
  const infoErrno = device.ioctl(pcmRequests.INFO.request, new Uint8Array(info.buffer));
  if (infoErrno !== 0) return infoErrno;
  const parameters = new DataView(new ArrayBuffer(pcmRequests.HW_REFINE.size));
  encodeAnyParameters(parameters);
  const errno = device.ioctl(pcmRequests.HW_REFINE.request, new Uint8Array(parameters.buffer));
  if (errno !== 0) return errno;
  return { ...decodePcmInfo(info), ...decodeParameters(parameters) };
}
