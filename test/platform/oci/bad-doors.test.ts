// What is shown to whom: credentials stay with the registry and its token endpoint, and every loop ends.
import { describe, expect, it } from "vitest";
import { failure } from "../../support/failure.ts";
import { digestOf, testBlob } from "../../support/stored-blobs.ts";
import { collect, openBad, startBadRegistry } from "./bad-registry.ts";

const blob = { digest: digestOf(Buffer.from("abc")), size: 3 };
const basic = { "www-authenticate": 'Basic realm="x"' };
const askBasic = () => new Response(null, { status: 401, headers: basic });
const bearer = (realm: string) =>
  new Response(null, { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="s"` } });
const redirect = (location: string, status = 307) => new Response(null, { status, headers: { location } });

describe("a credential", () => {
  it.each([301, 302, 303, 307, 308])(
    "follows no redirect (%d) to another host, and the blob comes all the same",
    async (status) => {
      await using storage = startBadRegistry(() => new Response("abc"), "127.0.0.2");
      await using registry = startBadRegistry((request) =>
        request.headers.has("authorization")
          ? redirect(`http://${storage.host}/store?sig=1`, status)
          : askBasic(),
      );
      expect(await collect(openBad(registry).readBlob(blob))).toBe("abc");
      expect(storage.seen.map(({ authorization }) => authorization)).toEqual([null]);
      expect(registry.seen.map(({ authorization }) => authorization)).toEqual([
        null,
        expect.stringMatching(/^Basic /),
      ]);
    },
  );

  it("follows neither to another port, nor is it shown there when that asks", async () => {
    await using storage = startBadRegistry(askBasic);
    await using registry = startBadRegistry((request) =>
      request.headers.has("authorization") ? redirect(`http://${storage.host}/store`) : askBasic(),
    );
    expect((await failure(collect(openBad(registry).readBlob(blob)))).code).toBe("registry-denied");
    expect(storage.seen.map(({ authorization }) => authorization)).toEqual([null]);
  });

  it("goes with no upload to another host", async () => {
    await using storage = startBadRegistry(() => new Response(null, { status: 201 }), "127.0.0.2");
    await using registry = startBadRegistry((request) => {
      if (!request.headers.has("authorization")) return askBasic();
      if (request.method === "HEAD") return new Response(null, { status: 404 });
      return new Response(null, { status: 202, headers: { location: `http://${storage.host}/up` } });
    });
    const upload = testBlob(10);
    const read = async function* () {
      yield upload.bytes;
    };
    expect(await openBad(registry).writeBlob({ descriptor: upload, read })).toBe("uploaded");
    expect(storage.seen.map(({ authorization }) => authorization)).toEqual([null]);
  });

  it("that is missing or refused ends in denied, after few tries", async () => {
    await using registry = startBadRegistry(askBasic);
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-denied");
    expect(registry.seen).toHaveLength(3);
    const nobody = openBad(registry, { credentials: async () => undefined });
    const error = await failure(nobody.resolve("v1"));
    expect([error.code, error.hint]).toEqual(["registry-denied", expect.stringContaining("log in")]);
  });
});

describe("a redirect", () => {
  it.each([
    ["a loop", () => redirect("/v2/a/b/manifests/v1")],
    ["no address", () => redirect("http://[")],
    ["another scheme", () => redirect("file:///etc/passwd")],
    ["an address with a password", () => redirect("http://me:you@127.0.0.1/")],
    ["no Location", () => new Response(null, { status: 307 })],
  ])("to %s is refused", async (_, answer) => {
    await using registry = startBadRegistry(answer);
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-failed");
    expect(registry.seen.length).toBeLessThanOrEqual(6);
  });

  it("to plain HTTP beyond the loopback is refused", async () => {
    await using registry = startBadRegistry(() => redirect("http://registry.invalid/x"));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-insecure");
  });
});

describe("a token endpoint", () => {
  const startWith = (answer: () => Response) =>
    startBadRegistry((_, url) => (url.pathname === "/token" ? answer() : bearer(`${url.origin}/token`)));

  it.each([
    ["no JSON", () => new Response("<html>")],
    ["no token", () => Response.json({ expires_in: 5 })],
    ["a token that isn't one line of text", () => Response.json({ token: "a\r\nX-Evil: 1" })],
    ["a token that is too long", () => Response.json({ token: "a".repeat(40_000) })],
    ["too much", () => new Response("x".repeat(300_000))],
    ["a redirect to itself", () => redirect("/token")],
  ])("that answers %s is refused", async (_, answer) => {
    await using registry = startWith(answer);
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-failed");
    expect(registry.seen.length).toBeLessThanOrEqual(3);
  });

  it("whose tokens the registry never takes ends in denied", async () => {
    await using registry = startWith(() => Response.json({ token: "abc" }));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-denied");
    expect(registry.seen.length).toBeLessThanOrEqual(6);
  });

  it("that asks for a login itself is a denial", async () => {
    await using registry = startWith(() => bearer("http://127.0.0.1:1/again"));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-denied");
  });

  it.each(["ftp://127.0.0.1/", "nonsense", "http://me:you@127.0.0.1/"])("at %s is refused", async (realm) => {
    await using registry = startBadRegistry(() => bearer(realm));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-failed");
  });

  it("of plain HTTP beyond the loopback is shown nothing", async () => {
    await using registry = startBadRegistry(() => bearer("http://tokens.invalid/"));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-insecure");
  });

  it("is asked once while its token lasts, and again after", async () => {
    let nowMs = 0;
    await using registry = startBadRegistry((request, url) => {
      if (url.pathname === "/token") return Response.json({ token: "abc", expires_in: 100 });
      return request.headers.get("authorization") === "Bearer abc"
        ? new Response(null, { status: 404 })
        : bearer(`${url.origin}/token`);
    });
    const repository = openBad(registry, { clock: { monotonicMs: () => nowMs } });
    const asked = () => registry.seen.filter(({ line }) => line.startsWith("GET /token")).length;
    await repository.resolve("v1");
    await repository.resolve("v2");
    expect(asked()).toBe(1);
    expect(registry.seen.find(({ line }) => line.startsWith("GET /token"))?.line).toContain(
      "scope=repository%3Aa%2Fb%3Apull",
    );
    nowMs = 91_000;
    await repository.resolve("v1");
    expect(asked()).toBe(2);
  });
});
