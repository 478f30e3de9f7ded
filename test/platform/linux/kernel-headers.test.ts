// Our requests, sizes and offsets against the system's own headers, by its own compiler.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pcmRequests } from "../../../platform/linux/pcm-structs.ts";
import { videoRequests } from "../../../platform/linux/video-structs.ts";

const headers = ["/usr/include/linux/videodev2.h", "/usr/include/sound/asound.h"];
const canCompile = headers.every((file) => existsSync(file)) && Bun.which("cc") !== null;

const structs = {
  QUERYCAP: "v4l2_capability",
  ENUM_FMT: "v4l2_fmtdesc",
  ENUMINPUT: "v4l2_input",
  ENUM_FRAMESIZES: "v4l2_frmsizeenum",
  ENUM_FRAMEINTERVALS: "v4l2_frmivalenum",
  INFO: "snd_pcm_info",
  HW_REFINE: "snd_pcm_hw_params",
} as const;

/** Fields that are read or written by offset. */
const offsets = {
  v4l2_capability: { card: 16, bus_info: 48, capabilities: 84, device_caps: 88 },
  v4l2_fmtdesc: { type: 4, flags: 8, description: 12, pixelformat: 44 },
  v4l2_input: { name: 4 },
  v4l2_frmsizeenum: { pixel_format: 4, type: 8, discrete: 12, stepwise: 12 },
  v4l2_frmivalenum: { pixel_format: 4, width: 8, height: 12, type: 16, discrete: 20, "stepwise.max": 28 },
  snd_pcm_info: { id: 16, name: 80 },
  snd_pcm_hw_params: { masks: 4, intervals: 260, rmask: 512, info: 520 },
};

describe.skipIf(!canCompile)("the kernel's headers", () => {
  it("give our requests, sizes and offsets", () => {
    const wanted = [
      ...Object.entries({ ...videoRequests, ...pcmRequests }).map(
        ([name, { request, size }]) => `${name} ${request} ${size}`,
      ),
      ...Object.entries(offsets).flatMap(([struct, fields]) =>
        Object.entries(fields).map(([field, offset]) => `${struct}.${field} ${offset}`),
      ),
    ];
    expect(compileAndRun(program()).split("\n")).toEqual(wanted);
  });

  it("number the sound formats as we do", async () => {
    const { encodeAnyParameters, decodeParameters } = await import("../../../platform/linux/pcm-structs.ts");
    const view = new DataView(new ArrayBuffer(pcmRequests.HW_REFINE.size));
    encodeAnyParameters(view);
    const { formats } = decodeParameters(view);
    const names = formats.map((name) => `printf("%d\\n", (int)SNDRV_PCM_FORMAT_${name});`);
    const numbers = compileAndRun(main(names)).split("\n").map(Number);
    for (const [index, number] of numbers.entries()) {
      encodeAnyParameters(view);
      // Only this format is left.
      new Uint8Array(view.buffer, 36, 32).fill(0);
      view.setUint8(36 + (number >> 3), 1 << (number & 7));
      expect(decodeParameters(view).formats).toEqual([formats[index]]);
    }
    expect(formats.length).toBe(51);
  });
});

function program(): string {
  const requests = Object.entries(structs).map(([name, struct]) => {
    const request = name in videoRequests ? `VIDIOC_${name}` : `SNDRV_PCM_IOCTL_${name}`;
    return `printf("${name} %lu %zu\\n", (unsigned long)(${request}), sizeof(struct ${struct}));`;
  });
  const fields = Object.entries(offsets).flatMap(([struct, names]) =>
    Object.keys(names).map(
      (field) => `printf("${struct}.${field} %zu\\n", offsetof(struct ${struct}, ${field}));`,
    ),
  );
  return main([...requests, ...fields]);
}

function main(statements: readonly string[]): string {
  const includes = ["linux/videodev2.h", "sound/asound.h", "stddef.h", "stdio.h"];
  return `${includes.map((file) => `#include <${file}>`).join("\n")}
int main(void) {
${statements.join("\n")}
return 0;
}
`;
}

function compileAndRun(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-headers-"));
  try {
    writeFileSync(join(folder, "main.c"), source);
    const compiled = spawnSync("cc", ["-o", "main", "main.c"], { cwd: folder, encoding: "utf8" });
    expect(compiled.stderr).toBe("");
    return spawnSync(join(folder, "main"), { encoding: "utf8" }).stdout.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
