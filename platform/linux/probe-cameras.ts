// Cameras: which of a machine's V4L2 nodes give pictures, and for the rest why not.
import { printable } from "../base/printable.ts";
import type { Absence, CameraFacts } from "../contract/board-facts.ts";
import type { Machine, VideoDevice } from "../contract/machine.ts";
import { explainCameras } from "./absent-camera.ts";
import { flattenFormats, hasMoreFormats } from "./camera-format.ts";
import { placeCamera } from "./camera-place.ts";
import { readVideoNodes, type VideoNode, videoRole } from "./video-node.ts";

/** Every camera that can be opened, by V4L2. Nodes of one camera that give the same are one camera, the first of them.
 * @param nodes what `readVideoNodes` gives, where somebody else needs it as well. */
export async function probeCameras(
  machine: Machine,
  nodes: Promise<readonly VideoNode[]> = readVideoNodes(machine),
): Promise<{ cameras: CameraFacts[]; absences: Absence[] }> {
  const found = await nodes;
  const cameras = describeCameras(found);
  return { cameras, absences: await explainCameras(machine, found, cameras.length) };
}

function describeCameras(nodes: readonly VideoNode[]): CameraFacts[] {
  const seen = new Set<string>();
  const ids = new Set<string>();
  const cameras: CameraFacts[] = [];
  for (const node of nodes) {
    if (!node.answer.ok || videoRole(node.answer.value) !== "camera") continue;
    const device = node.answer.value;
    const place = placeCamera(node, device);
    const formats = flattenFormats(device.captureFormats);
    const sameness = JSON.stringify([place, device.busInfo, device.card, formats]);
    if (seen.has(sameness)) continue;
    seen.add(sameness);
    const id = freeId(place.id, node.index, ids);
    ids.add(id);
    cameras.push({
      id,
      name: cameraName(node, device) || id,
      bus: place.bus,
      api: "v4l2",
      path: node.path,
      formats,
      ...(hasMoreFormats(device, formats.length) ? { hasMore: true } : {}),
    });
  }
  return cameras;
}

/** A device with several different nodes: the later ones say which they are. */
function freeId(id: string, index: number | undefined, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id;
  if (index !== undefined && !taken.has(`${id}-${index}`)) return `${id}-${index}`;
  let next = 1;
  while (taken.has(`${id}-${next}`)) next++;
  return `${id}-${next}`;
}

/** V4L2 cuts names after 31 bytes; sysfs may know the rest. */
function cameraName(node: VideoNode, device: VideoDevice): string {
  const card = printable(device.card);
  return card !== "" && node.label.startsWith(card) ? node.label : card || node.label;
}
