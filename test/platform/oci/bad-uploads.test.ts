// Uploads to registries that break off, lie about how far they are, or want chunks; and the fallback tag among several writers.
import { describe, expect, it } from "vitest";
import { imageIndexType, imageManifestType } from "../../../platform/contract/oci.ts";
import { failure } from "../../support/failure.ts";
import { chunksOf, digestOf, testBlob } from "../../support/stored-blobs.ts";
import { openBad, startBadRegistry } from "./bad-registry.ts";

const blob = testBlob(1000);
const upload = { descriptor: blob, read: chunksOf(blob.bytes, 100) };
const reply = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers });
const at = (headers: Record<string, string> = {}) => reply(202, { location: "/up?state=1", ...headers });

/** A registry that takes an upload; `put` answers what closes it, or takes it at once. */
function startTaking(put: (request: Request, count: number) => Promise<Response> | Response, begun = at()) {
  let puts = 0;
  const got: Buffer[] = [];
  const registry = startBadRegistry(async (request) => {
    if (request.method === "HEAD") return reply(404);
    if (request.method === "POST") return begun.clone() as Response;
    if (request.method === "GET") return reply(204, { location: "/up?state=2", range: "0-399" });
    if (request.method === "PATCH") {
      got.push(Buffer.from(await request.arrayBuffer()));
      const range = request.headers.get("content-range")?.split("-")[1];
      return at({ range: `0-${range}` });
    }
    return put(request, ++puts);
  });
  return Object.assign(registry, { got });
}

describe("an upload", () => {
  it("asks how far the registry is, and goes on from there", async () => {
    await using registry = startTaking((_, count) => reply(count === 1 ? 503 : 201));
    expect(await openBad(registry).writeBlob(upload)).toBe("uploaded");
    expect(Buffer.concat(registry.got)).toEqual(Buffer.from(blob.bytes.subarray(400)));
    expect(registry.seen.map(({ line }) => line.split(/[ ?]/).slice(0, 2).join(" "))).toEqual([
      `HEAD /v2/a/b/blobs/${blob.digest}`,
      "POST /v2/a/b/blobs/uploads/",
      "PUT /up",
      `HEAD /v2/a/b/blobs/${blob.digest}`,
      "GET /up",
      "PATCH /up",
      "PUT /up",
    ]);
  });

  it("tells how far it is forwards only, though it is sent twice", async () => {
    await using registry = startTaking(async (request, count) => {
      await request.arrayBuffer();
      return count === 1 ? reply(401, { "www-authenticate": "Basic" }) : reply(201);
    });
    const told: number[] = [];
    await openBad(registry).writeBlob({ ...upload, onProgress: (bytes) => void told.push(bytes) });
    expect(registry.seen.filter(({ line }) => line.startsWith("PUT"))).toHaveLength(2);
    expect(told).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  });

  it("is sent in chunks of at least what the registry wants", async () => {
    const large = testBlob(20 * 1024 * 1024);
    await using registry = startTaking(() => reply(201), at({ "oci-chunk-min-length": "1000" }));
    await openBad(registry).writeBlob({ descriptor: large, read: chunksOf(large.bytes, 1 << 20) });
    expect(registry.got.map(({ length }) => length)).toEqual([16 * 1024 * 1024, 4 * 1024 * 1024]);
    expect(digestOf(Buffer.concat(registry.got))).toBe(large.digest);
  });

  it.each([
    ["wants absurd chunks", at({ "oci-chunk-min-length": "1e30" }), reply(201)],
    ["gives no address", reply(202), reply(201)],
    ["takes it for something else", at(), reply(201, { "docker-content-digest": digestOf(Buffer.of(1)) })],
    ["refuses it", at(), reply(400)],
  ])("to a registry that %s fails with a code", async (_, begun, closed) => {
    await using registry = startTaking(() => closed.clone() as Response, begun);
    const error = await failure(openBad(registry).writeBlob(upload));
    expect([error.code, error.where]).toEqual(["registry-failed", { digest: blob.digest }]);
  });

  it("gives up on a registry that fails each time", async () => {
    await using registry = startTaking(() => reply(500));
    expect((await failure(openBad(registry).writeBlob(upload))).code).toBe("registry-failed");
    expect(registry.seen.length).toBeLessThan(30);
  });

  it("of a source that ends early fails, and isn't tried for ever", async () => {
    await using registry = startTaking(async (request) => {
      await request.arrayBuffer();
      return reply(201);
    });
    const error = await failure(
      openBad(registry).writeBlob({ ...upload, read: chunksOf(blob.bytes.subarray(0, 500)) }),
    );
    expect(error.code).toBe("package-invalid");
  });
});

describe("the fallback tag", () => {
  const entry = (text: string) => ({
    mediaType: imageManifestType,
    digest: digestOf(Buffer.from(text)),
    size: 1,
  });
  const manifest = Buffer.from(JSON.stringify({ subject: entry("subject") }));

  /** Keeps the index; `lose` says which of its writes another writer's undoes. */
  function startKeeping(first: object | undefined, lose: (write: number) => boolean, subjectHeader = false) {
    let index = first === undefined ? undefined : JSON.stringify(first);
    let writes = 0;
    const registry = startBadRegistry(async (request, url) => {
      if (!url.pathname.includes("/manifests/sha256-"))
        return reply(201, subjectHeader ? { "oci-subject": entry("subject").digest } : {});
      if (request.method === "PUT") {
        const body = await request.text();
        if (!lose(++writes)) index = body;
        return reply(201);
      }
      return index === undefined
        ? reply(404)
        : new Response(index, { headers: { "content-type": imageIndexType } });
    });
    return Object.assign(registry, {
      index: () => (index === undefined ? undefined : JSON.parse(index)),
      writes: () => writes,
    });
  }
  const write = (registry: { host: string }) => openBad(registry).writeManifest(manifest, imageManifestType);

  it("keeps what others entered, and their fields", async () => {
    const other = { ...entry("other"), data: "e30=" };
    await using registry = startKeeping(
      { schemaVersion: 2, manifests: [other], annotations: { a: "b" } },
      () => false,
    );
    await write(registry);
    expect(registry.index()).toMatchObject({
      annotations: { a: "b" },
      manifests: [other, { digest: digestOf(manifest) }],
    });
  });

  it("is written again where another writer's answer undid it", async () => {
    await using registry = startKeeping(undefined, (count) => count <= 2);
    await write(registry);
    expect(registry.writes()).toBe(3);
    expect(registry.index().manifests).toHaveLength(1);
  });

  it("is given up where it never stays, and left alone where the registry did it", async () => {
    await using losing = startKeeping(undefined, () => true);
    expect((await failure(write(losing))).code).toBe("registry-failed");
    await using knowing = startKeeping(undefined, () => false, true);
    await write(knowing);
    expect(knowing.writes()).toBe(0);
  });

  it("that is no index is refused, not overwritten", async () => {
    for (const first of [[], { manifests: 7 }]) {
      await using registry = startKeeping(first, () => false);
      expect((await failure(write(registry))).code).toBe("registry-failed");
      expect(registry.writes()).toBe(0);
    }
  });
});

describe("a listing of referrers", () => {
  it("whose pages never end is refused", async () => {
    await using registry = startBadRegistry((_, url) =>
      Response.json(
        { manifests: [] },
        { headers: { "content-type": imageIndexType, link: `<${url.pathname}?n=1>; rel="next"` } },
      ),
    );
    expect((await failure(openBad(registry).listReferrers(blob.digest))).message).toContain("64 pages");
    expect(registry.seen).toHaveLength(64);
  });
});
