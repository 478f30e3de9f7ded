// The control socket and its client, over a real socket: answers, a dead agent's socket, liars and the silent.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openControlClient } from "../../../agent/web/control-client.ts";
import {
  parseControlDocument,
  peersSchema,
  statusSchema,
  topSchema,
} from "../../../agent/web/control-documents.ts";
import { openControlServer } from "../../../agent/web/control-server.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { fakeView, peers, status, top } from "./fake-view.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-control-"));
  path = join(folder, "agent.sock");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Answers every connection with these bytes, and ends it or not. */
async function openLiar(bytes: string, ends = true): Promise<AsyncDisposable> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    if (bytes !== "") socket.write(bytes);
    if (ends) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

const answer = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("between server and client", () => {
  it("status and peers come as they are, and a drain arrives", async () => {
    const view = fakeView();
    await using _server = await openControlServer({ path, view });
    const client = openControlClient(path);
    expect(await client.status()).toEqual(status);
    expect(await client.peers()).toEqual(peers);
    expect(await client.top()).toEqual(top);
    expect(view.drains).toBe(0);
    await client.drain();
    expect(view.drains).toBe(1);
  });

  it("the socket is its owner's alone, and gone at the end", async () => {
    const mask = process.umask();
    const server = await openControlServer({ path, view: fakeView() });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(mask);
    await server[Symbol.asyncDispose]();
    expect(() => statSync(path)).toThrow("ENOENT");
  });

  it("top gives a line at once and one each second, until the reader goes", async () => {
    const timers = new FakeTimers();
    let asked = 0;
    const view = fakeView({ top: () => ({ ...top, time: `look ${++asked}` }) });
    await using _server = await openControlServer({ path, view, timers });
    const end = new AbortController();
    const times: string[] = [];
    for await (const { time } of openControlClient(path).watchTop(end.signal)) {
      times.push(time);
      if (times.length === 3) break;
      while (timers.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(asked).toBe(times.length);
      await timers.advance(1000);
    }
    expect(times).toEqual(["look 1", "look 2", "look 3"]);
  });

  it("a watching client ends with its signal, and with the agent", async () => {
    const server = await openControlServer({ path, view: fakeView() });
    const end = new AbortController();
    const seen: unknown[] = [];
    for await (const document of openControlClient(path).watchTop(end.signal)) {
      seen.push(document);
      end.abort();
    }
    expect(seen).toEqual([top]);
    const watch = openControlClient(path).watchTop(new AbortController().signal);
    expect((await watch.next()).value).toEqual(top);
    const next = watch.next().catch((thrown: unknown) => thrown);
    await server[Symbol.asyncDispose]();
    const last = await next;
    expect(last).toSatisfy(
      (got: { done?: boolean; code?: string }) => got.done === true || got.code === "agent-absent",
    );
  });

  it("what a view throws is told to whoever asked, and the next one is served", async () => {
    let fails = true;
    const view = fakeView({
      status: () => {
        if (fails) throw Error("broken");
        return status;
      },
    });
    await using _server = await openControlServer({ path, view });
    const client = openControlClient(path);
    await expect(client.status()).rejects.toMatchObject({ code: "internal", message: "broken" });
    fails = false;
    expect(await client.status()).toEqual(status);
  });

  it("nothing else is there", async () => {
    const view = fakeView();
    await using _server = await openControlServer({ path, view });
    const ask = (what: string, method = "GET") => fetch(`http://x${what}`, { unix: path, method });
    for (const [what, method] of [
      ["/", "GET"],
      ["/v1/status", "POST"],
      ["/v1/drain", "GET"],
      ["/v2/status", "GET"],
    ] as const) {
      expect((await ask(what, method)).status, what).toBe(404);
    }
    expect(view.drains).toBe(0);
  });

  it("at most 32 watch at once, and who goes makes room", async () => {
    await using _server = await openControlServer({ path, view: fakeView(), timers: new FakeTimers() });
    const ends = Array.from({ length: 32 }, () => new AbortController());
    const watches = ends.map(({ signal }) => openControlClient(path).watchTop(signal));
    for (const watch of watches) expect((await watch.next()).done).toBe(false);
    const late = () => openControlClient(path).watchTop(new AbortController().signal).next();
    await expect(late()).rejects.toMatchObject({ code: "peer-busy" });
    await expect(openControlClient(path).status()).resolves.toEqual(status);
    ends[0]!.abort();
    await watches[0]!.next();
    await expect.poll(late).toMatchObject({ done: false });
    for (const end of ends) end.abort();
  });
});

describe("whose socket it is", () => {
  it("a living agent keeps it", async () => {
    await using _server = await openControlServer({ path, view: fakeView() });
    await expect(openControlServer({ path, view: fakeView() })).rejects.toMatchObject({
      code: "agent-running",
    });
    expect(await openControlClient(path).status()).toEqual(status);
  });

  it("a dead agent's is replaced", async () => {
    const script = `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); process.kill(process.pid, "SIGKILL")`;
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(statSync(path).isSocket()).toBe(true);
    await using _server = await openControlServer({ path, view: fakeView() });
    expect(await openControlClient(path).status()).toEqual(status);
  });

  it("a file in its place is left alone", async () => {
    writeFileSync(path, "mine");
    await expect(openControlServer({ path, view: fakeView() })).rejects.toMatchObject({
      code: "config-invalid",
    });
  });

  it("a folder that isn't there is told", async () => {
    const lost = { path: join(folder, "none", "agent.sock"), view: fakeView() };
    await expect(openControlServer(lost)).rejects.toMatchObject({
      code: "config-invalid",
      where: { file: lost.path },
    });
  });
});

describe("a client", () => {
  it("says that no agent is there", async () => {
    await expect(openControlClient(path).status()).rejects.toMatchObject({ code: "agent-absent" });
    await expect(openControlClient(path).watchTop(new AbortController().signal).next()).rejects.toMatchObject(
      {
        code: "agent-absent",
      },
    );
  });

  it("waits no longer than its limit for one that is silent", async () => {
    await using _liar = await openLiar("", false);
    await expect(openControlClient(path, 200).status()).rejects.toMatchObject({
      code: "agent-absent",
      message: "the agent doesn't answer",
    });
  });

  it.each([
    ["no JSON", answer("hello")],
    ["another document", answer('{"v":1}')],
    ["another version", answer(JSON.stringify({ ...peers, v: 2 }))],
    ["no end", answer("x".repeat(17 * 1024 * 1024))],
  ])("takes %s from nobody", async (_, bytes) => {
    await using _liar = await openLiar(bytes);
    await expect(openControlClient(path).peers()).rejects.toMatchObject({ code: "internal" });
  });

  it("cuts out of every text what would paint over a terminal", async () => {
    const name = "gar\u001b[31mden\u202e";
    const view = fakeView({ peers: () => ({ ...peers, peers: [{ ...peers.peers[0]!, name }] }) });
    await using _server = await openControlServer({ path, view });
    expect((await openControlClient(path).peers()).peers[0]?.name).toBe("gar [31mden");
  });

  it("holds any answer to its schema without a crash", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(statusSchema, peersSchema, topSchema), (value, schema) => {
        try {
          parseControlDocument<unknown>(schema, value);
          expect.fail("no document of an agent");
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "internal" });
        }
      }),
    );
  });
});
