// addLiveInputs: what `--live` names becomes a native source node in front of an open input.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { addSource, listFreeInputs } from "../manifest/add-source.ts";
import type { NodeCatalog } from "../manifest/catalog.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { OpenPort } from "../manifest/resolved.ts";
import { parseNamedEnd } from "./bind-ends.ts";

/** A native node type, its params, and the output that feeds the input. */
interface LiveInput {
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly output: string;
}

const forms = "camera[:DEVICE], microphone[:DEVICE], screen[:DISPLAY], rtsp://…, synthetic";

/** A manifest with a source for each option: `SOURCE` for the only open input, or `NODE.PORT=SOURCE`. Throws RemoteMediaError
 * `usage` where an option names no source, no open input, or one that takes something else. */
export function addLiveInputs(
  manifest: Manifest,
  catalog: NodeCatalog,
  options: readonly string[],
): Manifest {
  return options.reduce((changed, option) => {
    const free = listFreeInputs(changed, catalog);
    const { port, path: text } = parseNamedEnd(option, free) ?? onlyInput(option, free);
    return addSource(changed, port, { ...parseLive(text, port), option: `--live ${option}` });
  }, manifest);
}

function onlyInput(option: string, free: readonly OpenPort[]) {
  const wanted = free.length === 1 ? free : free.filter(takesMedia);
  if (wanted.length === 1) return { port: wanted[0]!, path: option };
  const message =
    wanted.length === 0
      ? "the pipeline has no open input that takes pictures or sound"
      : `--live ${option} doesn't say which input`;
  const examples = wanted.map(({ node, port }) => `--live ${node}.${port}=${option}`).join(" or ");
  throw new RemoteMediaError("usage", message, wanted.length === 0 ? {} : { hint: `give ${examples}` });
}

function takesMedia({ kinds }: OpenPort): boolean {
  return kinds.includes("video") || kinds.includes("audio");
}

/** The kinds that the port takes decide between pictures and sound where a source has both. */
function parseLive(text: string, port: OpenPort): LiveInput {
  const takes = (kind: "audio" | "video") => port.kinds.includes(kind);
  const media = takes("video") ? "video" : "audio";
  if (!takesMedia(port)) throw mismatch(text, "pictures or sound", port);
  if (/^rtsps?:\/\//.test(text)) return { type: "RtspSource", params: { url: text }, output: media };
  const [, word, device] = /^([a-z]+)(?::(.+))?$/s.exec(text) ?? [];
  const picture = (type: string, params: LiveInput["params"]): LiveInput => {
    if (!takes("video")) throw mismatch(text, "pictures", port);
    return { type, params, output: "out" };
  };
  switch (word) {
    case "camera":
      return picture("CameraSource", device === undefined ? {} : { device });
    case "screen":
      return picture("ScreenSource", device === undefined ? {} : { display: device });
    case "microphone":
      if (!takes("audio")) throw mismatch(text, "sound", port);
      return { type: "AudioSource", params: device === undefined ? {} : { device }, output: "out" };
    case "synthetic":
      if (device === undefined) return { type: "SyntheticSource", params: {}, output: media };
  }
  throw new RemoteMediaError("usage", `--live ${text} names no source`, { hint: `give ${forms}` });
}

function mismatch(text: string, gives: string, { node, port, kinds }: OpenPort): RemoteMediaError {
  return new RemoteMediaError(
    "usage",
    `--live ${text} gives ${gives}, and ${node}.${port} takes ${kinds.join(", ")}`,
    { where: { node, port } },
  );
}
