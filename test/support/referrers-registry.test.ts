// The test's own registry against the cases of the OCI distribution conformance suite: pull, push, discovery, management.
// @see https://github.com/opencontainers/distribution-spec/tree/main/conformance
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ReferrersRegistry, startReferrersRegistry } from "./referrers-registry.ts";
import { findPeer, testCredential } from "./registry-peers.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const unknownDigest = `sha256:${"0".repeat(64)}`;
const digestOf = (data: string) => `sha256:${createHash("sha256").update(data).digest("hex")}`;
const blob = "some bytes of a blob, thirty-four.";

const officialSuite = findPeer("conformance");

let registry: ReferrersRegistry;
beforeAll(async () => {
  registry = await startReferrersRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

const ask = (path: string, init?: RequestInit) => fetch(new URL(path, registry.url), init);
const codeOf = async (response: Response) =>
  ((await response.json()) as { errors: { code: string }[] }).errors[0]?.code;

async function begin(repository: string): Promise<string> {
  const begun = await ask(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
  expect(begun.status).toBe(202);
  return begun.headers.get("Location") ?? "";
}

async function pushBlob(repository: string, data = blob): Promise<string> {
  const digest = digestOf(data);
  const url = `${await begin(repository)}?digest=${digest}`;
  expect((await ask(url, { method: "PUT", body: data })).status).toBe(201);
  return digest;
}

function manifestOf(config: string, more: object = {}): string {
  const part = { mediaType: "application/vnd.test.config", digest: digestOf(config), size: config.length };
  return JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: part, layers: [], ...more });
}

function putManifest(
  repository: string,
  reference: string,
  text: string,
  type = manifestType,
): Promise<Response> {
  return ask(`/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    headers: { "Content-Type": type },
    body: text,
  });
}

describe("the test's own registry, pulled from,", () => {
  it("gives a blob, its size and its ranges", async () => {
    const path = `/v2/pull/blobs/${await pushBlob("pull")}`;
    const head = await ask(path, { method: "HEAD" });
    expect([head.status, head.headers.get("Content-Length")]).toEqual([200, `${blob.length}`]);
    expect(head.headers.get("Docker-Content-Digest")).toBe(digestOf(blob));
    expect(await (await ask(path)).text()).toBe(blob);
    for (const [range, want] of [
      ["bytes=5-", blob.slice(5)],
      ["bytes=0-3", blob.slice(0, 4)],
      ["bytes=30-99", blob.slice(30)],
      ["bytes=-4", blob.slice(-4)],
    ] as const) {
      const part = await ask(path, { headers: { Range: range } });
      expect([part.status, await part.text()]).toEqual([206, want]);
    }
    const beyond = await ask(path, { headers: { Range: "bytes=34-" } });
    expect([beyond.status, beyond.headers.get("Content-Range")]).toEqual([416, "bytes */34"]);
  });

  it("gives a manifest by tag and by digest, and says what it doesn't have", async () => {
    await pushBlob("pull");
    const text = manifestOf(blob);
    expect((await putManifest("pull", "tagged", text)).status).toBe(201);
    for (const reference of ["tagged", digestOf(text)]) {
      const got = await ask(`/v2/pull/manifests/${reference}`);
      expect([got.status, got.headers.get("Content-Type"), await got.text()]).toEqual([
        200,
        manifestType,
        text,
      ]);
      const head = await ask(`/v2/pull/manifests/${reference}`, { method: "HEAD" });
      expect(head.headers.get("Docker-Content-Digest")).toBe(digestOf(text));
      expect(head.headers.get("Content-Length")).toBe(`${text.length}`);
    }
    const missing = await Promise.all([
      ask("/v2/pull/manifests/no-such-tag"),
      ask(`/v2/pull/blobs/${unknownDigest}`),
      ask(`/v2/another/blobs/${digestOf(blob)}`),
    ]);
    expect(missing.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(await Promise.all(missing.map(codeOf))).toEqual([
      "MANIFEST_UNKNOWN",
      "BLOB_UNKNOWN",
      "BLOB_UNKNOWN",
    ]);
  });
});

describe("the test's own registry, pushed to,", () => {
  it("takes a blob in one request, and in one after a POST", async () => {
    const digest = digestOf("single");
    const posted = await ask(`/v2/push/blobs/uploads/?digest=${digest}`, { method: "POST", body: "single" });
    expect([posted.status, posted.headers.get("Location")]).toEqual([201, `/v2/push/blobs/${digest}`]);
    expect((await ask(`/v2/push/blobs/${await pushBlob("push", "monolith")}`)).status).toBe(200);
  });

  it("refuses a blob whose digest is another, and forgets the upload", async () => {
    const location = await begin("push");
    const put = await ask(`${location}?digest=${digestOf("other")}`, { method: "PUT", body: "bytes" });
    expect([put.status, await codeOf(put)]).toEqual([400, "DIGEST_INVALID"]);
    expect((await ask(location)).status).toBe(404);
  });

  it("takes chunks in order only, and says where the upload is", async () => {
    const location = await begin("chunks");
    const patch = (range: string, body: string) =>
      ask(location, { method: "PATCH", headers: { "Content-Range": range }, body });
    expect((await patch("3-5", "def")).status).toBe(416);
    const first = await patch("0-2", "abc");
    expect([first.status, first.headers.get("Range")]).toEqual([202, "0-2"]);
    const again = await patch("0-2", "abc");
    expect([again.status, again.headers.get("Range")]).toEqual([416, "0-2"]);
    expect((await patch("3-9", "lies")).status).toBe(416);
    const status = await ask(location);
    expect([status.status, status.headers.get("Range")]).toEqual([204, "0-2"]);
    expect((await patch("3-5", "def")).status).toBe(202);
    const end = await ask(`${location}?digest=${digestOf("abcdefgh")}`, {
      method: "PUT",
      headers: { "Content-Range": "6-7" },
      body: "gh",
    });
    expect(end.status).toBe(201);
    expect(await (await ask(`/v2/chunks/blobs/${digestOf("abcdefgh")}`)).text()).toBe("abcdefgh");
  });

  it("cancels an upload", async () => {
    const location = await begin("chunks");
    expect((await ask(location, { method: "DELETE" })).status).toBe(204);
    expect((await ask(location, { method: "PATCH", body: "late" })).status).toBe(404);
  });

  it("mounts what another repository has, and begins an upload where it hasn't", async () => {
    const digest = await pushBlob("mount/from");
    const mount = (from: string) =>
      ask(`/v2/mount/to/blobs/uploads/?mount=${digest}&from=${from}`, { method: "POST" });
    expect((await ask(`/v2/mount/to/blobs/${digest}`)).status).toBe(404);
    expect((await mount("mount/nobody")).status).toBe(202);
    const mounted = await mount("mount/from");
    expect([mounted.status, mounted.headers.get("Location")]).toEqual([201, `/v2/mount/to/blobs/${digest}`]);
    expect(await (await ask(`/v2/mount/to/blobs/${digest}`)).text()).toBe(blob);
  });

  it("refuses manifests of another digest, type or size, and with blobs that it doesn't have", async () => {
    await pushBlob("push");
    const refusals = await Promise.all([
      putManifest("push", unknownDigest, manifestOf(blob)),
      putManifest("push", "1", manifestOf(blob), "application/vnd.oci.image.index.v1+json"),
      putManifest("push", "1", "no JSON"),
      putManifest("push", "1", manifestOf("not pushed")),
      putManifest("push", "1", manifestOf(blob, { padding: "x".repeat(4 * 1024 * 1024) })),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 404, 413]);
  });
});

describe("the test's own registry, searched,", () => {
  it("lists tags in order, page by page", async () => {
    await pushBlob("tags");
    for (const tag of ["b", "d", "a", "c"]) await putManifest("tags", tag, manifestOf(blob));
    const names = async (path: string) => {
      const response = await ask(path);
      const { tags } = (await response.json()) as { tags: string[] };
      const next = /^<(.+)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1];
      return [tags, next] as const;
    };
    expect(await names("/v2/tags/tags/list")).toEqual([["a", "b", "c", "d"], undefined]);
    const [first, next] = await names("/v2/tags/tags/list?n=3");
    expect(first).toEqual(["a", "b", "c"]);
    expect(await names(next ?? "")).toEqual([["d"], undefined]);
    expect(await names("/v2/tags/tags/list?last=b")).toEqual([["c", "d"], undefined]);
    expect((await names("/v2/tags/tags/list?n=0"))[0]).toEqual([]);
    expect((await ask("/v2/nobody/tags/list")).status).toBe(404);
  });

  it("lists referrers with artifact type and annotations, before their subject is there, and filters them", async () => {
    await pushBlob("refs");
    const subjectText = manifestOf(blob);
    const subject = { mediaType: manifestType, digest: digestOf(subjectText), size: subjectText.length };
    const annotations = { a: "b" };
    const typed = manifestOf(blob, { subject, artifactType: "application/x-one", annotations });
    const untyped = manifestOf(blob, { subject });
    for (const text of [typed, untyped]) {
      const put = await putManifest("refs", digestOf(text), text);
      expect([put.status, put.headers.get("OCI-Subject")]).toEqual([201, subject.digest]);
    }
    const list = async (query: string) => {
      const response = await ask(`/v2/refs/referrers/${subject.digest}${query}`);
      expect(response.headers.get("Content-Type")).toBe("application/vnd.oci.image.index.v1+json");
      const { manifests } = (await response.json()) as { manifests: { artifactType: string }[] };
      return [response.headers.get("OCI-Filters-Applied"), manifests] as const;
    };
    const [, all] = await list("");
    expect(all.map((entry) => entry.artifactType).sort()).toEqual([
      "application/vnd.test.config",
      "application/x-one",
    ]);
    const [filters, some] = await list("?artifactType=application/x-one");
    expect(filters).toBe("artifactType");
    const { length } = typed;
    expect(some).toEqual([
      {
        mediaType: manifestType,
        digest: digestOf(typed),
        size: length,
        artifactType: "application/x-one",
        annotations,
      },
    ]);
    expect(await (await ask(`/v2/nobody/referrers/${subject.digest}`)).json()).toMatchObject({
      manifests: [],
    });
    expect((await ask("/v2/refs/referrers/no-digest")).status).toBe(400);
  });

  it("gives referrers page by page where it is told to", async () => {
    await using paged = await startReferrersRegistry({ referrersPageSize: 1 });
    const own = registry;
    registry = paged;
    try {
      await pushBlob("refs");
      const subject = { mediaType: manifestType, digest: unknownDigest, size: 1 };
      for (const n of [1, 2])
        await putManifest("refs", `${n}`, manifestOf(blob, { subject, annotations: { n: `${n}` } }));
      const first = await ask(`/v2/refs/referrers/${unknownDigest}`);
      const next = /^<(.+)>; rel="next"$/.exec(first.headers.get("Link") ?? "")?.[1];
      const second = await ask(next ?? "");
      const entries = [await first.json(), await second.json()].map(
        (page) => (page as { manifests: unknown[] }).manifests,
      );
      expect(entries.map(({ length }) => length)).toEqual([1, 1]);
      expect(entries[0]).not.toEqual(entries[1]);
      expect(second.headers.get("Link")).toBeNull();
    } finally {
      registry = own;
    }
  });
});

describe("the test's own registry, managed,", () => {
  it("deletes a tag alone, a manifest with its tags and referrers' entries, and blobs", async () => {
    const digest = await pushBlob("managed");
    const text = manifestOf(blob);
    for (const tag of ["one", "two"]) await putManifest("managed", tag, text);
    const remove = async (path: string) => (await ask(`/v2/managed/${path}`, { method: "DELETE" })).status;
    const has = async (path: string) => (await ask(`/v2/managed/${path}`, { method: "HEAD" })).status;
    expect(await remove("manifests/one")).toBe(202);
    expect([await has("manifests/one"), await has("manifests/two")]).toEqual([404, 200]);
    expect(await remove(`manifests/${digestOf(text)}`)).toBe(202);
    expect([await has("manifests/two"), await has(`manifests/${digestOf(text)}`)]).toEqual([404, 404]);
    expect(await remove(`blobs/${digest}`)).toBe(202);
    expect([await has(`blobs/${digest}`), await remove(`blobs/${digest}`)]).toEqual([404, 404]);
  });
});

describe("the test's own registry, with a login,", () => {
  const basic = `Basic ${btoa(`${testCredential.username}:${testCredential.password}`)}`;

  it("lets Basic in by the right password only", async () => {
    await using closed = await startReferrersRegistry({ auth: "basic" });
    const at = (headers: Record<string, string>) => fetch(`${closed.url}/v2/`, { headers });
    const refused = await at({});
    expect([refused.status, refused.headers.get("WWW-Authenticate")]).toEqual([401, 'Basic realm="test"']);
    expect((await at({ Authorization: "Basic eDp5" })).status).toBe(401);
    expect((await at({ Authorization: basic })).status).toBe(200);
  });

  it("asks for a token with the right to what is wanted, and gives it at its own endpoint", async () => {
    await using closed = await startReferrersRegistry({ auth: "bearer", anonymousPull: true, tokenUses: 1 });
    const refused = await fetch(`${closed.url}/v2/a/b/blobs/uploads/`, { method: "POST" });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("WWW-Authenticate")).toBe(
      `Bearer realm="${closed.url}/token",service="test registry",scope="repository:a/b:pull,push"`,
    );
    const tokenUrl = `${closed.url}/token?service=test%20registry&scope=repository:a/b:pull,push`;
    const begin = async (headers: Record<string, string>) => {
      const { token } = (await (await fetch(tokenUrl, { headers })).json()) as { token: string };
      const init = { method: "POST", headers: { Authorization: `Bearer ${token}` } };
      const first = await fetch(`${closed.url}/v2/a/b/blobs/uploads/`, init);
      return [first.status, (await fetch(`${closed.url}/v2/a/b/blobs/uploads/`, init)).status];
    };
    expect(await begin({})).toEqual([401, 401]);
    expect(await begin({ Authorization: basic })).toEqual([202, 401]);
    expect((await fetch(tokenUrl, { headers: { Authorization: "Basic eDp5" } })).status).toBe(401);
  });
});

// Reason of a skip: scripts/peers couldn't build the suite, for want of a network.
describe.runIf(officialSuite !== undefined)("the conformance suite of the OCI", () => {
  it("finds nothing wrong with the test's own registry", async () => {
    await using fresh = await startReferrersRegistry();
    const child = Bun.spawn([officialSuite ?? ""], {
      cwd: tmpdir(),
      stdout: "pipe",
      stderr: "ignore",
      env: {
        OCI_REGISTRY: fresh.host,
        OCI_TLS: "disabled",
        OCI_RESULTS_DIR: fresh.storage,
        OCI_API_BLOBS_DIGEST_HEADER: "true",
        OCI_API_BLOBS_UPLOAD_CANCEL: "true",
        OCI_API_MANIFESTS_DIGEST_HEADER: "true",
      },
    });
    const said = await new Response(child.stdout).text();
    expect(await child.exited, said).toBe(0);
    const count = (word: string) => Number(new RegExp(`^ *${word}\\.*: +(\\d+)$`, "m").exec(said)?.[1]);
    expect([count("FAIL"), count("Error")]).toEqual([0, 0]);
    expect(count("Pass")).toBeGreaterThan(800);
  });
});
