// Grants: what a manifest asks for its nodes is refused where the device's policy doesn't allow it.
import { describe, expect, it } from "vitest";
import { checkGrants, grantNothing } from "../../../agent/manifest/check-grants.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { pipeline, thrownBy } from "./fixtures.ts";

const granted = (grants: object) =>
  pipeline([["mul", "MultiplyNode", { params: { factor: 2 }, grants }]], []);

describe("checkGrants", () => {
  it("refuses files and hosts that the policy doesn't name, each with its node", () => {
    const asking = granted({ filesystem: { read: ["models/"] }, network: { http: ["api.example.com"] } });
    const error = thrownBy(() => checkGrants(asking, grantNothing)) as RemoteMediaError;
    expect(error).toBeInstanceOf(RemoteMediaError);
    expect(error.code).toBe("grant-denied");
    expect(error.family).toBe("trust");
    expect(error.problems.map(({ message }) => message).join()).toMatch(/models\/.*api\.example\.com/);
    expect(error.where).toMatchObject({ node: "mul", path: "nodes[0].grants" });
  });

  it("lets an empty grant of files pass: there is nothing in it", () => {
    expect(() => checkGrants(granted({ filesystem: { read: [] } }), grantNothing)).not.toThrow();
  });

  it("lets pass what the policy names", () => {
    const policy = { read: ["models/"], http: [] };
    expect(() => checkGrants(granted({ filesystem: { read: ["models/"] } }), policy)).not.toThrow();
    expect(() => checkGrants(granted({ filesystem: { read: ["other/"] } }), policy)).toThrow(
      RemoteMediaError,
    );
  });
});
