// Registries that send less, more, other or no bytes: each is refused with a code, within limits.
import { describe, expect, it } from "vitest";
import { failure } from "../../support/failure.ts";
import { digestOf, testBlob } from "../../support/stored-blobs.ts";
import { collect, openBad, startBadRegistry, startRawRegistry } from "./bad-registry.ts";

const text = "0123456789";
const blob = { digest: digestOf(Buffer.from(text)), size: text.length };
const ok = (body: string, headers = "") =>
  `HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n${headers}\r\n${body}`;
const partial = (from: number, body: string, size: number | string = 10) =>
  `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${from}-9/${size}\r\nContent-Length: ${10 - from}\r\nConnection: close\r\n\r\n${body}`;

describe("a download", () => {
  it("is taken up by range where the connection broke", async () => {
    const bytes = testBlob(400_000);
    const whole = Buffer.from(bytes.bytes).toString("latin1");
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\nConnection: close\r\n\r\n`;
    const rest = (range: string | null) => {
      const from = Number(/^bytes=(\d+)-399999$/.exec(range ?? "")?.[1]);
      const fields = `Content-Range: bytes ${from}-399999/400000\r\nContent-Length: ${whole.length - from}`;
      return `HTTP/1.1 206 Partial Content\r\n${fields}\r\nConnection: close\r\n\r\n${whole.slice(from)}`;
    };
    await using registry = await startRawRegistry([head + whole.slice(0, 300_000), rest]);
    const repository = openBad(registry);
    expect(digestOf(Buffer.from(await collect(repository.readBlob(bytes)), "latin1"))).toBe(bytes.digest);
    expect(registry.seen.map(({ range }) => range)).toEqual([
      null,
      expect.stringMatching(/^bytes=[1-9]\d*-399999$/),
    ]);
    expect(repository.waits).toHaveLength(1);
  });

  it("skips what it has where the registry ignores ranges", async () => {
    await using registry = await startRawRegistry([ok(text)]);
    expect(await collect(openBad(registry).readBlob(blob, 4))).toBe("456789");
    expect(registry.seen.map(({ range }) => range)).toEqual(["bytes=4-9"]);
  });

  it("gives up after answers that bring nothing", async () => {
    await using registry = await startRawRegistry([partial(4, "")]);
    const error = await failure(collect(openBad(registry).readBlob(blob, 4)));
    expect([error.code, error.where]).toEqual(["registry-unreachable", { digest: blob.digest }]);
    expect(registry.seen).toHaveLength(5);
  });

  it.each([
    ["another size", ["HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789A"]],
    [
      "more bytes than its size",
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789A\r\n0\r\n\r\n"],
    ],
    ["416 in the middle", ["HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"]],
    ["another range than it was asked for", [partial(5, "56789")]],
    ["a range of another size", [partial(4, "456789", 12)]],
    ["two lengths", ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 12\r\n\r\n0123456789"]],
    ["a negative length", ["HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n0123456789"]],
    ["a broken chunk", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n0123456789"]],
    ["thousands of headers", [`HTTP/1.1 200 OK\r\n${"X-Y: z\r\n".repeat(5000)}\r\n`]],
  ])("is refused where the registry sends %s", async (what, replies) => {
    const offset = /416|range/.test(what) ? 4 : 0;
    await using registry = await startRawRegistry(replies);
    const error = await failure(collect(openBad(registry).readBlob(blob, offset)));
    expect(error.code).toBe("registry-failed");
    expect(error.message).toContain(`${registry.host}/a/b: reading the blob ${blob.digest}`);
  });

  it.each(["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le"])(
    "ends where all that comes is %j",
    async (reply) => {
      await using registry = await startRawRegistry([reply]);
      const error = await failure(collect(openBad(registry).readBlob(blob)));
      expect(error.code).toBe("registry-unreachable");
      expect(registry.seen.length).toBeLessThanOrEqual(25);
    },
  );

  it("ends where the socket hangs, before the answer and inside it", async () => {
    for (const reply of ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01"]) {
      await using registry = await startRawRegistry([reply], false);
      const error = await failure(collect(openBad(registry, { idleMs: 40 }).readBlob(blob)));
      expect([error.code, error.message]).toEqual([
        "registry-unreachable",
        expect.stringContaining("no byte moved"),
      ]);
    }
  });
});

describe("a manifest", () => {
  const answer = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    startBadRegistry(
      () => new Response(body, { headers: { "content-type": "application/json", ...headers } }),
    );

  it("that isn't what was asked for by digest is a digest mismatch", async () => {
    await using registry = answer("{}");
    const error = await failure(openBad(registry).readManifest(blob.digest));
    expect([error.code, error.family, error.where]).toEqual([
      "digest-mismatch",
      "trust",
      { digest: blob.digest },
    ]);
  });

  it("whose header names another digest is refused", async () => {
    await using registry = answer("{}", { "docker-content-digest": blob.digest });
    expect((await failure(openBad(registry).readManifest("v1"))).code).toBe("digest-mismatch");
  });

  it("that is too large is refused", async () => {
    await using registry = answer(new Uint8Array(4 * 1024 * 1024 + 1));
    const error = await failure(openBad(registry).readManifest("v1"));
    expect([error.code, error.message]).toEqual(["registry-failed", expect.stringContaining("larger than")]);
  });
});

describe("what a registry says of its refusal", () => {
  it("is told in one printable line, with its status", async () => {
    const errors = [{ code: "DENIED", message: "not\nyou\u001b[31m" }, null, 7];
    await using registry = startBadRegistry(() => Response.json({ errors }, { status: 403 }));
    const error = await failure(openBad(registry).readManifest("v1"));
    expect(error.code).toBe("registry-denied");
    expect(error.message).toContain("the registry answered 403 (DENIED: not you [31m)");
  });

  it("is left out where it is no JSON, or too much", async () => {
    for (const body of ["<html>", "[]", '{"errors":7}', "x".repeat(100_000)]) {
      await using registry = startBadRegistry(() => new Response(body, { status: 418 }));
      expect((await failure(openBad(registry).readManifest("v1"))).message).toMatch(
        /the registry answered 418$/,
      );
    }
  });

  it("is waited for as it asks, within a bound", async () => {
    const after = ["7", "999999", "Thu, 01 Jan 1970 00:00:05 GMT", "soon"];
    await using registry = startBadRegistry((_, __, count) =>
      count > 4
        ? new Response(null, { status: 404 })
        : new Response(null, { status: 429, headers: { "retry-after": after[count - 1]! } }),
    );
    const repository = openBad(registry);
    expect(await repository.resolve("v1")).toBeUndefined();
    expect(repository.waits).toEqual([7000, 60_000, 5000, 2400]);
  });

  it("is believed after five times 503", async () => {
    await using registry = startBadRegistry(() => new Response(null, { status: 503 }));
    expect((await failure(openBad(registry).resolve("v1"))).code).toBe("registry-failed");
    expect(registry.seen).toHaveLength(5);
  });
});
