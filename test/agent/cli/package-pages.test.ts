// What the commands of packages print: a package's page, a transfer's sum, and the name of a file.
import { describe, expect, test } from "vitest";
import { fileNameOf } from "../../../agent/cli/build-command.ts";
import { formatInspection, formatSignature } from "../../../agent/cli/inspection-page.ts";
import { summarizeTransfer } from "../../../agent/cli/transfer-summary.ts";
import { describeTransfer } from "../../../agent/package/transfer-report.ts";

const digest = `sha256:${"a".repeat(64)}` as const;

test.each([
  ["speech-gate", "speech-gate.rmpkg"],
  ["../../etc/passwd", "etc-passwd.rmpkg"],
  ["-o x", "o-x.rmpkg"],
  ["tür\u001b[2J", "tür-2J.rmpkg"],
  ["///", "pipeline.rmpkg"],
])("the pipeline %j is built into %s", (name, file) => {
  expect(fileNameOf(name)).toBe(file);
});

test("a transfer says what moved, what was mounted and what was there, the beginning of a resumed part among it", () => {
  const part = (digit: string) =>
    ({ part: "x", role: "layer", digest: `sha256:${digit.repeat(64)}`, size: 1024 }) as const;
  const report = describeTransfer(digest, [
    { ...part("1"), outcome: "moved", movedBytes: 512 },
    { ...part("2"), outcome: "mounted", movedBytes: 0 },
    { ...part("3"), outcome: "present", movedBytes: 0 },
  ]);
  expect(summarizeTransfer(report)).toBe(
    "moved 512 B (1 part), 1.0 KiB (1 part) mounted from another repository, 1.5 KiB (1 part) was there already",
  );
});

describe("a package's page", () => {
  test("says why a signature isn't trusted, in one line without control characters", () => {
    const problem = { code: "signer-unknown", message: "by\u001b[31m nobody\nknown" } as const;
    expect(formatSignature({ layout: "bundle", verified: false, problem })).toBe(
      "  bundle  not trusted here: by[31m nobody known [signer-unknown]",
    );
  });

  test("shows grants, needs, imports, bases and what nobody says", () => {
    const file = { path: "modules/x.wasm", size: 2048, digest };
    const page = formatInspection({
      name: "door\u0007bell",
      source: "x.rmpkg",
      digest,
      size: 4096,
      nodes: [
        {
          id: "n",
          node_type: "X",
          from: "module",
          module: file.path,
          limits: { max_memory_mb: 32, max_execution_ms: 50 },
          grants: { network: { http: ["api.example"] } },
          needs: [{ gpu: { type: "any" } }],
        },
      ],
      modules: [{ ...file, media_type: "application/wasm", node_types: ["X"], imports: ["wasi:cli/stdout"] }],
      models: [],
      base_repositories: ["host/base"],
      signatures: [],
      provenance: [],
      origins: [{ ...file, from: "base", repository: "host/base" }],
    }).join("\n");
    expect(page).toMatch(/^doorbell\n/);
    expect(page).toContain("signatures: none: nobody has signed it");
    expect(page).toMatch(/^ {2}n is to be granted .*api\.example/m);
    expect(page).toMatch(/^ {2}n needs .*gpu/m);
    expect(page).toMatch(/modules\/x\.wasm +2\.0 KiB +X +wasi:cli\/stdout/);
    expect(page).toContain("the base host/base");
  });
});
