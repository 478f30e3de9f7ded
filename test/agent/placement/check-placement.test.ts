// Whether nodes can run on this machine.
import { describe, expect, it } from "vitest";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import { checkPlacement } from "../../../agent/placement/check-placement.ts";
import { exitCodes } from "../../../platform/base/error-codes.ts";
import { descriptor, manifestText, pipeline, thrownBy } from "../manifest/fixtures.ts";

const facts = { arch: "aarch64", cores: 4, memoryGb: 8 };

function place(more: Record<string, unknown>): void {
  checkPlacement(pipeline([["a", "PassThrough", more]], []), facts);
}

describe("checkPlacement", () => {
  it("accepts what this machine has, and what is only preferred", () => {
    place({
      capabilities: {
        cpu: { cores: 4, arch: "aarch64" },
        memory_gb: 8,
        gpu: { type: "cuda", required: false, preferred: true },
        codecs: [],
        hardware_accel: false,
      },
      placement: { prefer: ["peer", "local"] },
    });
    place({ capabilities: { cpu: { arch: "any" } } });
  });

  it.each([
    [{ gpu: { type: "cuda" } }, "needs a GPU (cuda), and none is known here"],
    [{ cpu: { cores: 5 } }, "needs 5 cores, and there are 4"],
    [{ cpu: { arch: "x86_64" } }, "needs a processor of x86_64, and this is aarch64"],
    [{ memory_gb: 8.5 }, "needs 8.5 GB of memory, and there are 8"],
    [{ codecs: ["h264"] }, 'needs the codec "h264", and it is not known here'],
    [{ hardware_accel: true }, "needs codecs in hardware, and none are known here"],
    [{ frameworks: ["onnx"] }, 'needs the framework "onnx", and it is not known here'],
    [{ devices: ["camera"] }, 'needs the device "camera", and it is not known here'],
  ])("refuses %j, naming the candidate and the reason", (capabilities, reason) => {
    const error = thrownBy(() => place({ capabilities }));
    expect(error.code).toBe("placement-impossible");
    expect(exitCodes[error.family]).toBe(4);
    expect(error.message).toBe(`no place for "a": local: ${reason}`);
    expect(error.where).toMatchObject({ node: "a", path: "nodes[0].capabilities" });
  });

  it("refuses a node that is pinned to a host, because no peers are known", () => {
    const error = thrownBy(() => place({ host: "gpu-server:50051" }));
    expect(error.message).toContain('pinned to "gpu-server:50051"');
    expect(error.where?.path).toBe("nodes[0].host");
  });

  it("names every reason of a node once, and every node", () => {
    const capabilities = { memory_gb: 100, cpu: { cores: 99 } };
    const twice = pipeline(
      [
        ["a", "PassThrough", { capabilities }],
        ["b", "PassThrough", { host: "x" }],
      ],
      [],
    );
    const error = thrownBy(() => checkPlacement(twice, facts));
    expect(error.problems.map(({ message }) => message)).toEqual([
      'no place for "a": local: needs 99 cores, and there are 4; needs 100 GB of memory, and there are 8',
      expect.stringContaining('no place for "b"'),
    ]);
  });

  it("holds a machine to what the node.json needs as well", () => {
    const types = buildCatalog([descriptor("Big", { in: ["json"] }, {}, { needs: { memory_gb: 16 } })]);
    const resolved = resolvePipeline(parseManifest(manifestText([["a", "Big"]], [])), types);
    expect(thrownBy(() => checkPlacement(resolved, facts)).message).toContain("needs 16 GB");
  });
});
