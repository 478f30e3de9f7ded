// Agents that know nothing of each other but a broker find each other, and one runs the other's nodes.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isMosquittoHere, openMosquitto } from "../support/mosquitto.ts";
import { admit, createMesh, Device } from "./mesh-devices.ts";

const pipeline = {
  version: "v1",
  metadata: { name: "pictures" },
  nodes: [
    {
      id: "camera",
      node_type: "SyntheticSource",
      params: { width: 160, height: 120, fps: 5, pixels: "gray8" },
    },
    {
      id: "denoise",
      node_type: "PictureDenoise",
      params: { search_radius: 1 },
      placement: { prefer: ["peer"] },
    },
  ],
  connections: [{ from: "camera", from_port: "video", to: "denoise" }],
};

// Reason of a skip: Debian's mosquitto is missing.
test.runIf(isMosquittoHere)(
  "agents find each other by a broker, and say who is there and what runs where",
  async () => {
    await using broker = await openMosquitto();
    await using board = new Device("board");
    await using attic = new Device("attic");
    await createMesh(board);
    await admit(board, attic);
    const folder = board.scratch.file("pictures");
    mkdirSync(folder);
    writeFileSync(join(folder, "pipeline.json"), JSON.stringify(pipeline));
    const reach = { listen: false, broker: { url: broker.url } };
    await attic.startAgent(reach);
    const output = board.scratch.file("pictures.ndjson");
    const asked = await board.startAgent({
      ...reach,
      pipelines: { pictures: { path: folder, outputs: [`denoise.out=${output}`] } },
    });
    await asked.told("runs on attic");
    const [here, there] = await Promise.all([board.status(), attic.status()]);
    const peersOf = async (device: Device) => JSON.parse(await device.ok("peers", "--json")).peers;
    expect(await peersOf(board)).toMatchObject([
      { device: there.device, name: "attic", session: "open", roles: ["execute"], via: [expect.any(String)] },
    ]);
    expect(await peersOf(attic)).toMatchObject([{ device: here.device, session: "open" }]);
    expect(here).toMatchObject({ listen: null, broker: { connected: true }, sessions: 1 });
    const [running] = here.pipelines;
    expect(running).toMatchObject({ name: "pictures", state: "running" });
    expect(running?.nodes.map(({ node, place }) => [node, place])).toEqual([
      ["camera", "local"],
      ["denoise", there.device],
    ]);
    expect(there.hosted).toMatchObject([{ caller: here.device, nodes: ["denoise"] }]);
  },
);
