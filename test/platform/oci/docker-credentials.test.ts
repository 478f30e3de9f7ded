// What docker login stored: found by host, asked of helpers within bounds, refused where it's garbage.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openDockerCredentials } from "../../../platform/oci/docker-credentials.ts";
import { nextLink } from "../../../platform/oci/next-link.ts";
import { parseChallenges } from "../../../platform/oci/parse-challenge.ts";
import { failure } from "../../support/failure.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "docker-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const store = (config: unknown) => writeFileSync(join(folder, "config.json"), JSON.stringify(config));
const find = (host: string, helperMs = 5000) =>
  openDockerCredentials(folder, { helperMs, env: { PATH: `${folder}:${process.env["PATH"]}` } })(host);
const helper = (script: string) => {
  writeFileSync(join(folder, "docker-credential-test"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "docker-credential-test"), 0o755);
};
const entry = { auth: btoa("me:se:cret") };
const found = { kind: "password", username: "me", password: "se:cret" };

describe("docker's config.json", () => {
  it("knows nobody where it isn't there", async () => {
    expect(await find("a.example")).toBeUndefined();
  });

  it("is searched by host, by address, and for Docker Hub under its old name", async () => {
    store({
      auths: {
        "a.example:5000": entry,
        "https://b.example/v2/": entry,
        "https://index.docker.io/v1/": entry,
      },
    });
    for (const host of ["a.example:5000", "b.example", "registry-1.docker.io"])
      expect(await find(host)).toEqual(found);
    for (const host of ["a.example", "example", "constructor"]) expect(await find(host)).toBeUndefined();
  });

  it("may hold tokens", async () => {
    store({ auths: { a: { ...entry, identitytoken: "one" }, b: { registrytoken: "two" } } });
    expect(await find("a")).toEqual({ kind: "identity-token", token: "one" });
    expect(await find("b")).toEqual({ kind: "registry-token", token: "two" });
  });

  it("is refused where it's garbage", async () => {
    writeFileSync(join(folder, "config.json"), "{");
    expect((await failure(find("a"))).code).toBe("registry-denied");
    store({ auths: { a: { auth: "bm9jb2xvbg==" } } });
    expect((await failure(find("a"))).code).toBe("registry-denied");
  });
});

describe("a credential helper", () => {
  it("is asked for its host, before the store of all hosts", async () => {
    helper(`read host; printf '{"Username":"me","Secret":"%s"}' "$host"`);
    store({ credHelpers: { "a.example": "test" }, credsStore: "missing" });
    expect(await find("a.example")).toEqual({ kind: "password", username: "me", password: "a.example" });
    expect((await failure(find("b.example"))).message).toContain(
      "docker-credential-missing can't be started",
    );
  });

  it("may give an identity token, or know nobody", async () => {
    store({ credsStore: "test" });
    helper(`printf '{"Username":"<token>","Secret":"one"}'`);
    expect(await find("a")).toEqual({ kind: "identity-token", token: "one" });
    helper("echo credentials not found in native keychain; exit 1");
    expect(await find("a")).toBeUndefined();
  });

  it.each([
    ["hangs", "exec sleep 60", "no answer within"],
    ["never stops", "exec yes", "larger than"],
    ["fails", "echo locked; exit 3", "ended with 3: locked"],
    ["says garbage", "echo hello", "isn't JSON"],
    ["says nothing of use", "echo '{}'", "no Username"],
  ])("that %s is ended and refused", async (_, script, why) => {
    helper(script);
    store({ credsStore: "test" });
    const error = await failure(find("a", 300));
    expect([error.code, error.message]).toEqual(["registry-denied", expect.stringContaining(why)]);
  });

  it("that hangs is gone afterwards", async () => {
    helper(`echo $$ > "${folder}/pid"; exec sleep 60`);
    store({ credsStore: "test" });
    await failure(find("a", 500));
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow());
  });

  it("is never a path", async () => {
    store({ credsStore: "../../bin/sh" });
    expect((await failure(find("a"))).message).toContain("no helper's name");
  });
});

describe("a header", () => {
  it("with challenges is read in order, whatever it quotes", () => {
    const header =
      'Basic realm="a, b", Bearer realm="https://t/x",service="s\\"t",scope="repository:a:pull,push"';
    expect(parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)])).toEqual(
      [
        ["basic", { realm: "a, b" }],
        ["bearer", { realm: "https://t/x", service: 's"t', scope: "repository:a:pull,push" }],
      ],
    );
  });

  it("with links gives the next one only", () => {
    expect(nextLink('</v2/a?n=1>; rel="prev", </v2/a?n=2&l=b,c>; rel="next"')).toBe("/v2/a?n=2&l=b,c");
    expect(nextLink("</x>; rel=next")).toBe("/x");
    for (const header of [null, "", "</x>", '</x>; rel="nexts"', `<${"a".repeat(9000)}>; rel=next`])
      expect(nextLink(header)).toBeUndefined();
  });

  it("of any text is read or not, and never throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (text) => {
        expect(parseChallenges(text).length).toBeLessThanOrEqual(8);
        nextLink(text);
      }),
    );
  });
});
