// Machines of a mesh apart from each other, as far as they can tell: a pipeline of a minute, while peers die, vanish, come back and join.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TopDocument } from "../../agent/web/control-documents.ts";
import { type Namespaces, openNamespaces, whyNoNamespaces } from "../support/network-namespaces.ts";
import { admit, createMesh, Device, type DeviceAgent } from "./mesh-devices.ts";

// Reason of a skip: namespaces need root, iproute2 and /dev/net/tun.
const isPossible = whyNoNamespaces() === undefined;

const root = join(import.meta.dirname, "../..");
const binary = join(root, `dist/remotemedia-linux-${process.arch}`);
/** The built program where there is one, else its source. */
const program = existsSync(binary) ? [binary] : [process.execPath, join(root, "agent/cli/main.ts")];

const seconds = 60;
const fps = 10;

const pipeline = {
  version: "v1",
  metadata: { name: "minute" },
  nodes: [
    {
      id: "camera",
      node_type: "SyntheticSource",
      params: { width: 160, height: 120, fps, pixels: "gray8", duration_s: seconds },
    },
    {
      id: "denoise",
      node_type: "PictureDenoise",
      params: { search_radius: 2 },
      placement: { prefer: ["peer", "local"] },
    },
  ],
  connections: [{ from: "camera", from_port: "video", to: "denoise" }],
};

async function openDevices(net: Namespaces, stack: AsyncDisposableStack, ...names: readonly string[]) {
  const devices = names.map((name) =>
    stack.use(new Device(name, { program: [...net.prefix(name), ...program] })),
  );
  const [board, ...others] = devices as [Device, ...Device[]];
  await createMesh(board);
  for (const other of others) await admit(board, other);
  return devices as [Device, Device, Device, Device];
}

function startAt(net: Namespaces, device: Device, settings: object = {}): Promise<DeviceAgent> {
  const listen = { host: net.address(device.name), port: 7400 };
  return device.startAgent({ listen, ...settings }, net.address(device.name));
}

/** The pictures' times that have come out, in µs. */
function timesIn(file: string): number[] {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).pts);
}

/** By the last whole document of `top`. */
function framesOut(text: string): number {
  const last = text.split("\n").at(-2);
  return last === undefined ? 0 : ((JSON.parse(last) as TopDocument).pipelines[0]?.frames_out ?? 0);
}

test.runIf(isPossible)(
  "every picture of a minute comes out once and in order, though one peer is killed, one vanishes for a while and ends later, and one joins",
  { timeout: 180_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const names = ["board", "attic", "cellar", "loft"];
    // 30 ms there and back, and 2 % of the packets lost each way.
    const net = stack.use(await openNamespaces({ names, delayMs: 15, loss: 0.02, seed: 11 }));
    const [board, attic, cellar, loft] = await openDevices(net, stack, ...names);
    const inAttic = await startAt(net, attic);
    const inCellar = await startAt(net, cellar);
    const folder = board.scratch.file("minute");
    const output = board.scratch.file("pictures.ndjson");
    mkdirSync(folder);
    writeFileSync(join(folder, "pipeline.json"), JSON.stringify(pipeline));
    const asked = await startAt(net, board, {
      peers: [inAttic.url, inCellar.url],
      pipelines: { minute: { path: folder, outputs: [`denoise.out=${output}`], restart: "never" } },
    });
    const top = board.start(["top", "--json"]);
    stack.defer(() => top.process.kill());
    /** Resolves once as many seconds of pictures have come out; `top` says it each second. */
    const until = (second: number) =>
      expect
        .poll(() => framesOut(top.printedSoFar()), { timeout: 90_000, interval: 200 })
        .toBeGreaterThanOrEqual(second * fps);

    await until(20);
    // Who works, of the two, is killed; who works then is cut off for a while.
    const agents = { attic: inAttic, cellar: inCellar };
    const [killed, cut] = asked.toldSoFar().includes("runs on attic")
      ? (["attic", "cellar"] as const)
      : (["cellar", "attic"] as const);
    agents[killed].process.kill("SIGKILL");
    await until(26);
    await net.cut(cut);
    await until(30);
    await net.heal(cut);
    await until(35);
    await startAt(net, loft, { peers: [asked.url] });
    await until(45);
    agents[cut].process.kill("SIGTERM");
    await asked.told("minute: done");
    const told = asked.toldSoFar();
    const [given, out, dropped] =
      /(\d+) frames in, (\d+) out, (\d+) dropped/.exec(told)?.slice(1).map(Number) ?? [];
    // A camera doesn't wait: what came while nobody could take it, before the death was noticed, it dropped and counted.
    expect((given ?? 0) + (dropped ?? 0), told).toBe(seconds * fps);
    expect(dropped).toBeLessThan(6 * fps);
    const [first = 0, ...later] = timesIn(output);
    expect({ out, written: later.length + 1 }).toEqual({ out: given, written: given });
    const numbers = later.map((time) => ((time - first) * fps) / 1e6);
    expect(numbers.every(Number.isInteger)).toBe(true);
    // Each later than the one before: none twice, none out of order; and none is missing that wasn't dropped at the source.
    expect(numbers.every((number, at) => number > (numbers[at - 1] ?? 0))).toBe(true);
    expect((numbers.at(-1) ?? 0) + 1).toBeLessThanOrEqual((given ?? 0) + (dropped ?? 0));
    expect(told).toContain(`mesh: ${killed} has been silent`);
    expect(told).toContain(`mesh: ${cut} has been silent`);
    expect(told.split(`session with ${cut}`)).toHaveLength(3);
    expect(told).toContain("runs on loft");
  },
);
