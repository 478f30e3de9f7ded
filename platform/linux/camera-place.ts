// Where a camera is plugged in: its bus, and an id that is the same after the next boot.
import type { CameraFacts } from "../contract/board-facts.ts";
import type { VideoDevice } from "../contract/machine.ts";
import type { VideoNode } from "./video-node.ts";

export interface CameraPlace {
  readonly bus: CameraFacts["bus"];
  /** `usb-<port path>-<interface>`, `csi-…`, `pci-<slot>`, `platform-<device>`, `virtual-<node>`. */
  readonly id: string;
}

const csiDrivers =
  /^(unicam|rp1-cfe|tegra-video|tegra-vi|bm2835 mmal|rkcif|rkisp|sun[46]i-csi|imx7-csi|mxc-isi)/;
const virtualDrivers = /^(vivid|vimc|v4l2 loopback|vicodec|vidtv|visl)$/;

/** The place of a node that answered. Sysfs tells it best; without one, V4L2's `bus_info` does. */
export function placeCamera(node: VideoNode, device: VideoDevice): CameraPlace {
  const parts = (node.sysfsPath ?? "").split("/");
  const parent = parts.at(parts.indexOf("video4linux") - 1) ?? "";
  const isKnown = parts.includes("devices") && parts.includes("video4linux");
  // Such as …/usb1/1-1/1-1.3/1-1.3:1.0/video4linux/video0.
  const usb = isKnown ? /^(\d+-[\d.]+):(\d+\.\d+)$/.exec(parent) : null;
  if (usb !== null) return { bus: "usb", id: slug(`usb-${usb[1]}-${usb[2]}`) };
  if (/^usb-/.test(device.busInfo)) return { bus: "usb", id: slug(device.busInfo) };
  if (csiDrivers.test(device.driver)) return { bus: "csi", id: slug(`csi-${csiName(device)}`) };
  const bus = virtualDrivers.test(device.driver) ? "virtual" : "other";
  if (isKnown && parts.includes("virtual")) return { bus: "virtual", id: slug(`virtual-${node.name}`) };
  if (isKnown && /^[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.[\da-f]$/.test(parent)) {
    return { bus: "pci", id: slug(`pci-${parent}`) };
  }
  if (isKnown) return { bus, id: slug(`platform-${parent}`) };
  if (/^pci:/i.test(device.busInfo)) return { bus: "pci", id: slug(device.busInfo) };
  return { bus, id: slug(device.busInfo === "" ? `other-${node.name}` : device.busInfo) };
}

/** A sensor's place on its I2C bus ("vi-output, imx219 9-0010" is "imx219-9-0010"), or the receiver's own name. */
function csiName(device: VideoDevice): string {
  const sensor = /([a-z]\w+) (\d+-[\da-f]{4})/.exec(device.card);
  if (sensor !== null) return `${sensor[1]}-${sensor[2]}`;
  return device.busInfo.replace(/^platform:/, "").replace(/^bcm2835-v4l2-/, "");
}

function slug(text: string): string {
  const id = text
    .toLowerCase()
    .slice(0, 96)
    .replace(/[^a-z0-9._:-]+/g, "-")
    .replace(/^[-.:]+|[-.:]+$/g, "");
  return id === "" ? "camera" : id;
}
