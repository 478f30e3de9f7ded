// What a device keeps of the mesh: one identity however many come first, and files that somebody has broken.
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeAdmission, parseAdmission } from "../../../agent/main/admission.ts";
import { admitDevice } from "../../../agent/main/mesh-root.ts";
import { joinMesh, loadMeshState } from "../../../agent/main/mesh-state.ts";
import { writeMembershipRequest } from "../../../agent/mesh/membership.ts";
import { openSigningKey } from "../../../agent/trust/signing-key.ts";
import type { RemoteMediaError } from "../../../platform/base/error.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "remotemedia-mesh-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rootKey = openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), undefined);
const day = 86_400_000;

async function admission(issuedMs = Date.now(), expiresMs = issuedMs + day) {
  const { identity } = await loadMeshState({ homeFolder: home });
  const request = writeMembershipRequest(identity, "board");
  return admitDevice("home", rootKey, request, { roles: ["execute"], issuedMs, expiresMs }).admission;
}

describe("a device's identity", () => {
  it("is one, however many come first", async () => {
    const states = await Promise.all(Array.from({ length: 8 }, () => loadMeshState({ homeFolder: home })));
    expect(new Set(states.map(({ identity }) => identity.device)).size).toBe(1);
    expect(new Set(states.map(({ identity }) => identity.dtls.fingerprint)).size).toBe(1);
  });

  it("is its owner's alone to read, in a folder that is, too", async () => {
    mkdirSync(join(home, "mesh"), { mode: 0o755 });
    chmodSync(join(home, "mesh"), 0o755);
    await loadMeshState({ homeFolder: home });
    expect(statSync(join(home, "mesh")).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, "mesh/identity.json")).mode & 0o777).toBe(0o600);
  });

  it("that is broken is refused, never made anew", async () => {
    await loadMeshState({ homeFolder: home });
    for (const text of ["", "{}", "\0".repeat(70_000)]) {
      writeFileSync(join(home, "mesh/identity.json"), text);
      await expect(loadMeshState({ homeFolder: home })).rejects.toMatchObject({ code: "identity-invalid" });
    }
  });
});

describe("memberships", () => {
  it("are kept with their root key, and one that is of no use is told beside them", async () => {
    const joined = await joinMesh(home, await admission());
    const { file } = joined;
    expect((await loadMeshState({ homeFolder: home })).memberships).toEqual([joined]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, encodeAdmission(await admission(Date.now() - 2 * day, Date.now() - day)));
    const expired = await loadMeshState({ homeFolder: home });
    expect(expired.memberships).toEqual([]);
    expect(expired.useless).toMatchObject([{ file, error: { code: "membership-expired" } }]);
    writeFileSync(file, "{");
    expect((await loadMeshState({ homeFolder: home })).useless).toMatchObject([
      { file, error: { code: "membership-invalid" } },
    ]);
    // A renewed one takes its place.
    await joinMesh(home, await admission());
    expect((await loadMeshState({ homeFolder: home })).useless).toEqual([]);
  });

  it("that have expired aren't joined, and nothing is written", async () => {
    const late = await admission(Date.now() - 2 * day, Date.now() - day);
    const before = readdirSync(join(home, "mesh"));
    await expect(joinMesh(home, late)).rejects.toMatchObject({ code: "membership-expired" });
    expect(readdirSync(join(home, "mesh"))).toEqual(before);
  });
});

describe("an admission", () => {
  it("is read as it was written", async () => {
    const made = await admission();
    expect(parseAdmission(new TextEncoder().encode(encodeAdmission(made)))).toEqual(made);
  });

  it("that is anything else is refused with a code", async () => {
    const text = encodeAdmission(await admission());
    const changed = fc
      .tuple(fc.nat(text.length - 1), fc.string({ maxLength: 3 }))
      .map(([at, put]) => text.slice(0, at) + put + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(changed, fc.json(), fc.string()), (given) => {
        try {
          const read = parseAdmission(new TextEncoder().encode(given));
          expect(encodeAdmission(read)).toContain(read.meshName);
        } catch (thrown) {
          expect(["membership-invalid", "key-invalid"]).toContain((thrown as RemoteMediaError).code);
        }
      }),
      { numRuns: 500 },
    );
  });
});
