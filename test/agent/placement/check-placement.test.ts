// Whether nodes can run on this machine.
import { describe, expect, it } from "vitest";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import type { ResolvedPipeline } from "../../../agent/manifest/resolved.ts";
import { checkPlacement, type DegradedNode } from "../../../agent/placement/check-placement.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { exitCodes } from "../../../platform/base/error-codes.ts";
import { boardStatement } from "../capability/facts-fixture.ts";
import { descriptor, manifestText, pipeline } from "../manifest/fixtures.ts";

function place(more: Record<string, unknown>): Promise<DegradedNode[]> {
  return check(pipeline([["a", "PassThrough", more]], []));
}

/** On the board of the fixture: four cores of aarch64, 8 GB, a Vulkan GPU, a camera, no speaker. */
function check(resolved: ResolvedPipeline): Promise<DegradedNode[]> {
  return checkPlacement(resolved, async () => boardStatement());
}

async function refusalOf(placed: Promise<unknown>): Promise<RemoteMediaError> {
  const thrown = await placed.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(RemoteMediaError);
  return thrown as RemoteMediaError;
}

describe("checkPlacement", () => {
  it("accepts what this machine has", async () => {
    const capabilities = {
      cpu: { cores: 4, arch: "aarch64" },
      memory_gb: 8,
      gpu: { type: "any" },
      codecs: ["h264"],
      hardware_accel: true,
      devices: ["camera"],
    };
    expect(await place({ capabilities, placement: { prefer: ["peer", "local"] } })).toEqual([]);
    expect(await place({ capabilities: { cpu: { arch: "any" } } })).toEqual([]);
  });

  it("tells which nodes run without what they prefer", async () => {
    const degraded = await place({
      capabilities: { gpu: { type: "cuda", required: false, preferred: true } },
    });
    expect(degraded).toMatchObject([{ node: "a", missing: [{ need: "gpu" }] }]);
  });

  it("doesn't look at the machine where no node asks for anything, and once where several do", async () => {
    let looks = 0;
    const statement = async () => {
      looks += 1;
      return boardStatement();
    };
    const capabilities = { memory_gb: 1 };
    await checkPlacement(pipeline([["a", "PassThrough"]], []), statement);
    expect(looks).toBe(0);
    const both = pipeline(
      [
        ["a", "PassThrough", { capabilities }],
        ["b", "PassThrough", { capabilities }],
      ],
      [],
    );
    await checkPlacement(both, statement);
    expect(looks).toBe(1);
  });

  it.each([
    [{ gpu: { type: "cuda" } }, "needs a GPU (cuda), and there is VideoCore VI (vulkan, 2 GB)"],
    [{ cpu: { cores: 5 } }, "needs 5 cores, and there are 4"],
    [{ cpu: { arch: "x86_64" } }, "needs a processor of x86_64, and this is aarch64"],
    [{ memory_gb: 8.5 }, "needs 8.5 GB of memory, and there are 8"],
    [{ codecs: ["vp9"] }, 'needs the codec "vp9", and it is not known here'],
    [{ frameworks: ["tflite"] }, 'needs the framework "tflite", and it is not known here'],
  ])("refuses %j, naming the candidate and the reason", async (capabilities, reason) => {
    const error = await refusalOf(place({ capabilities }));
    expect(error.code).toBe("placement-impossible");
    expect(exitCodes[error.family]).toBe(4);
    expect(error.message).toBe(`no place for "a": local: ${reason}`);
    expect(error.hint).toBe("run it on a machine that has this, or relax the requirement");
    expect(error.where).toMatchObject({ node: "a", path: "nodes[0].capabilities" });
  });

  it("says why the machine lacks it, and what to do, where the machine knows", async () => {
    const error = await refusalOf(place({ capabilities: { devices: ["speaker"] } }));
    expect(error.message).toBe(
      'no place for "a": local: needs the device "speaker", and there is none (/dev/snd/pcmC0D0p can\'t be opened by this user)',
    );
    expect(error.hint).toBe("sudo usermod -aG audio $USER");
  });

  it("refuses a node that is pinned to a host, because no peers are known", async () => {
    const error = await refusalOf(place({ host: "gpu-server:50051" }));
    expect(error.message).toContain('pinned to "gpu-server:50051"');
    expect(error.where?.path).toBe("nodes[0].host");
  });

  it("names every reason of a node once, and every node", async () => {
    const capabilities = { memory_gb: 100, cpu: { cores: 99 } };
    const twice = pipeline(
      [
        ["a", "PassThrough", { capabilities }],
        ["b", "PassThrough", { host: "x" }],
      ],
      [],
    );
    const error = await refusalOf(check(twice));
    expect(error.problems.map(({ message }) => message)).toEqual([
      'no place for "a": local: needs 99 cores, and there are 4; needs 100 GB of memory, and there are 8',
      expect.stringContaining('no place for "b"'),
    ]);
  });

  it("holds a machine to what the node.json needs as well", async () => {
    const types = buildCatalog([descriptor("Big", { in: ["json"] }, {}, { needs: { memory_gb: 16 } })]);
    const resolved = resolvePipeline(parseManifest(manifestText([["a", "Big"]], [])), types);
    expect((await refusalOf(check(resolved))).message).toContain("needs 16 GB");
  });
});
