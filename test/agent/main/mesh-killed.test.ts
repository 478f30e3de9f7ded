// `mesh join` and the making of an identity under strace, which kills them at each system call that changes a disk.
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeAdmission } from "../../../agent/main/admission.ts";
import { admitDevice } from "../../../agent/main/mesh-root.ts";
import { joinMesh, loadMeshState } from "../../../agent/main/mesh-state.ts";
import { writeMembershipRequest } from "../../../agent/mesh/membership.ts";
import type { Role } from "../../../agent/protocol/peer-session.ts";
import { openSigningKey } from "../../../agent/trust/signing-key.ts";

const calls = ["mkdir", "rename", "fsync", "pwrite64", "write"];
const program = join(import.meta.dirname, "../../../agent/cli/main.ts");

// Reason of a skip: strace isn't there, or this machine (a container, often) lets nobody trace, or its calls have other names (arm64).
const canTrace =
  process.arch === "x64" && spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-mesh-killed-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** @returns whether it was killed */
async function strike(home: string, words: readonly string[], call: string, count: number): Promise<boolean> {
  const rules = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${count}`];
  const command = ["-f", "-qq", ...rules, "-o", join(folder, "trace"), process.execPath, program, ...words];
  const child = spawn("strace", command, {
    env: { ...process.env, REMOTEMEDIA_HOME: home },
    stdio: "ignore",
  });
  const exit = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return exit !== 0;
}

describe.runIf(canTrace)("killed at any call that changes the disk", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rootKey = openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), undefined);

  async function admission(home: string, roles: readonly Role[], issuedMs: number) {
    const { identity } = await loadMeshState({ homeFolder: home });
    const request = writeMembershipRequest(identity, "board");
    const grant = { roles, issuedMs, expiresMs: issuedMs + 86_400_000 };
    return admitDevice("home", rootKey, request, grant).admission;
  }

  it("a join leaves the old membership or the new one, whole, and the next join succeeds", async () => {
    const before = join(folder, "before");
    await joinMesh(before, await admission(before, ["view"], Date.now() - 1000));
    const file = join(folder, "board.membership");
    const renewed = await admission(before, ["execute"], Date.now());
    writeFileSync(file, encodeAdmission(renewed));
    const outcomes: string[] = [];
    for (const call of calls) {
      for (let count = 1, isStruck = true; isStruck && count < 20; count++) {
        const home = join(folder, `join-${call}-${count}`);
        cpSync(before, home, { recursive: true });
        isStruck = await strike(home, ["mesh", "join", file], call, count);
        const { memberships, useless } = await loadMeshState({ homeFolder: home });
        expect(useless).toEqual([]);
        expect(memberships).toHaveLength(1);
        const [role] = memberships[0]!.membership.roles;
        expect(["view", "execute"]).toContain(role);
        outcomes.push(`${isStruck ? "struck" : "whole"}: ${role}`);
        await joinMesh(home, renewed);
        expect((await loadMeshState({ homeFolder: home })).memberships[0]?.membership.roles).toEqual([
          "execute",
        ]);
      }
    }
    // So that a walk which struck nothing is seen. Whether it struck after the rename as well depends on the threads: strace counts by thread.
    expect(outcomes).toEqual(expect.arrayContaining(["struck: view", "whole: execute"]));
  }, 120_000);

  it("the making of an identity leaves none or one for ever", async () => {
    let struck = 0;
    for (const call of calls) {
      for (let count = 1, isStruck = true; isStruck && count < 20; count++) {
        const home = join(folder, `identity-${call}-${count}`);
        isStruck = await strike(home, ["mesh", "show"], call, count);
        struck += isStruck ? 1 : 0;
        const { device } = (await loadMeshState({ homeFolder: home })).identity;
        expect((await loadMeshState({ homeFolder: home })).identity.device).toBe(device);
      }
    }
    expect(struck).toBeGreaterThan(4);
  }, 120_000);
});
