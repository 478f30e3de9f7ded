// Prepared modules by digest: a cache that is believed only when it is whole, and a child that may fail in any way.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeBlobJson, writeBlobJson } from "../../../agent/sandbox/blob-json.ts";
import { createModuleLibrary, maxComponentBytes } from "../../../agent/sandbox/prepare/module-library.ts";
import { RecordReader, RecordWriter } from "../../../agent/sandbox/record-ring.ts";
import { toChild, toParent } from "../../../agent/sandbox/records.ts";
import { layoutOf } from "../../../agent/sandbox/shared-layout.ts";
import type { BlobCache } from "../../../platform/contract/blob-cache.ts";
import { type FakeChildEnd, FakeChildSpawner } from "../../../platform/fake/child-spawner.ts";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { buildReferenceGuest } from "../../conformance/reference-guest.ts";
import { checkoutCommand } from "../../support/sandbox.ts";

const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
const answer = {
  preparation: {
    module: {
      kind: "direct",
      plan: { exports: { open: "open" } },
      cores: [{ name: "main", bytes: Uint8Array.of(1, 2, 3) }],
    },
    facts: { imports: [], memoryPages: 1, tableElements: 0, bytes: 8 },
  },
};

/** A cache in memory that shows what it holds. */
class MapCache implements BlobCache {
  readonly held = new Map<string, Uint8Array<ArrayBuffer>>();
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.held.get(key);
  }
  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.held.set(key, bytes.slice());
  }
}

function send(child: FakeChildEnd, writer: RecordWriter, type: number, body: Uint8Array): void {
  const room = writer.reserve(body.length)!;
  writer.arena.set(body, room.offset);
  writer.commit(type, 0, room);
  child.wakeParent();
}

function blobJson(value: unknown): Uint8Array {
  const encoded = encodeBlobJson(value);
  const bytes = new Uint8Array(encoded.bytes);
  writeBlobJson(encoded, bytes, 0);
  return bytes;
}

/** Transpiler children that are ready, and do `act` once they have been given a component. */
function transpilers(
  act: (child: FakeChildEnd, reply: (body: Uint8Array) => void, given: Uint8Array) => void,
) {
  return new FakeChildSpawner((child) => {
    const layout = layoutOf(child.shared);
    const writer = new RecordWriter(layout.toParent);
    const reader = new RecordReader(layout.toChild);
    child.onWake(() => {
      const record = reader.peek();
      if (record?.type !== toChild.load) return;
      const given = reader.arena.slice(record.offset, record.offset + record.bytes);
      reader.release();
      act(child, (body) => send(child, writer, toParent.loaded, body), given);
    });
    send(child, writer, toParent.ready, new TextEncoder().encode('{"seccomp":true}'));
  });
}

describe("the module library", () => {
  let cache: MapCache;
  beforeEach(() => {
    cache = new MapCache();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives a child the component, and keeps what it answers for the next time", async () => {
    const seen: Uint8Array[] = [];
    const spawner = transpilers((_child, reply, given) => {
      seen.push(given);
      reply(blobJson(answer));
    });
    const library = createModuleLibrary(spawner, cache);
    const first = await library.prepare(component);
    const second = await createModuleLibrary(spawner, cache).prepare(component);
    expect(seen).toEqual([component]);
    expect(first.facts).toEqual(answer.preparation.facts);
    expect(second).toEqual(first);
    expect(spawner.children).toHaveLength(1);
    expect(spawner.children[0]).toMatchObject({ isRunning: false, isReleased: true });
    expect(spawner.children[0]!.options.role).toBe("transpiler");
  });

  it("keeps other components apart", async () => {
    const spawner = transpilers((_child, reply) => reply(blobJson(answer)));
    const library = createModuleLibrary(spawner, cache);
    await library.prepare(component);
    await library.prepare(Uint8Array.of(...component, 0));
    expect(cache.held.size).toBe(2);
    expect(spawner.children).toHaveLength(2);
  });

  it.each<[what: string, damage: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ["was cut short", (bytes) => bytes.slice(0, bytes.length - 1)],
    ["is empty", () => new Uint8Array()],
    ["is JSON of another shape", () => blobJson({ preparation: { module: {} } }) as Uint8Array<ArrayBuffer>],
    ["is garbage", (bytes) => bytes.map((byte) => byte ^ 0x55)],
  ])("makes an entry anew that %s", async (_what, damage) => {
    const spawner = transpilers((_child, reply) => reply(blobJson(answer)));
    const library = createModuleLibrary(spawner, cache);
    const whole = await library.prepare(component);
    const [[key, bytes]] = [...cache.held] as [[string, Uint8Array<ArrayBuffer>]];
    cache.held.set(key, damage(bytes));
    expect(await library.prepare(component)).toEqual(whole);
    expect(cache.held.get(key)).toEqual(bytes);
    expect(spawner.children).toHaveLength(2);
  });

  it("passes a child's refusal on, without control characters, and does not keep it", async () => {
    const problem = { code: "module-import-denied", message: "imports \u001b[31mx", hint: "don't" };
    const library = createModuleLibrary(
      transpilers((_child, reply) => reply(blobJson({ problem }))),
      cache,
    );
    await expect(library.prepare(component)).rejects.toMatchObject({
      code: "module-import-denied",
      message: "imports [31mx",
      hint: "don't",
    });
    expect(cache.held.size).toBe(0);
  });

  it("calls a module too complex that kills its child", async () => {
    const spawner = transpilers((child) =>
      child.exit({ signal: "SIGABRT", lastWords: "panic: out of memory" }),
    );
    await expect(createModuleLibrary(spawner, cache).prepare(component)).rejects.toMatchObject({
      code: "module-too-complex",
      message: "preparing the module ended with SIGABRT: panic: out of memory",
    });
    expect(spawner.children[0]!.isReleased).toBe(true);
  });

  it("calls a module too complex that its child isn't done with in a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const given = Promise.withResolvers<void>();
    const spawner = transpilers(() => given.resolve());
    const prepared = expect(createModuleLibrary(spawner, cache).prepare(component)).rejects.toMatchObject({
      code: "module-too-complex",
      message: "preparing the module ended with SIGKILL",
    });
    await given.promise;
    await vi.advanceTimersByTimeAsync(59_999);
    expect(spawner.children[0]!.isRunning).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    await prepared;
  });

  it.each<[what: string, body: Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["garbage", Uint8Array.of(255, 255, 255, 255, 1)],
    ["JSON of another shape", blobJson({ preparation: 5 })],
    [
      "a module of an unknown kind",
      blobJson({ preparation: { ...answer.preparation, module: { kind: "native", cores: [] } } }),
    ],
    ["more than was asked for", blobJson({ ...answer, more: 1 })],
  ])("refuses a module whose child answers %s", async (_what, body) => {
    const library = createModuleLibrary(
      transpilers((_child, reply) => reply(body)),
      cache,
    );
    await expect(library.prepare(component)).rejects.toMatchObject({
      code: "module-invalid",
      message: "preparing the module gave nonsense",
    });
    expect(cache.held.size).toBe(0);
  });

  it("refuses a module whose child breaks the protocol", async () => {
    const spawner = transpilers((child) => {
      layoutOf(child.shared).toParent.slots.fill(-1);
      Atomics.add(layoutOf(child.shared).control, layoutOf(child.shared).toParent.produced, 1);
      child.wakeParent();
    });
    await expect(createModuleLibrary(spawner, cache).prepare(component)).rejects.toMatchObject({
      code: "module-invalid",
    });
    expect(spawner.children[0]).toMatchObject({ isRunning: false, isReleased: true });
  });

  it("looks at no component of more than 64 MiB", async () => {
    const spawner = transpilers(() => {});
    const library = createModuleLibrary(spawner, cache);
    await expect(library.prepare(new Uint8Array(maxComponentBytes + 1))).rejects.toMatchObject({
      code: "module-too-complex",
    });
    expect(spawner.children).toHaveLength(0);
  });

  it("prepares with a real child, and with none when it is kept", async () => {
    const real = createChildSpawner(checkoutCommand);
    const spawn = vi.fn(real.spawn);
    const library = createModuleLibrary({ spawn }, cache);
    const guest = await buildReferenceGuest("echo");
    const made = await library.prepare(guest);
    const kept = await library.prepare(guest);
    expect(spawn).toHaveBeenCalledTimes(1);
    expect(kept).toEqual(made);
    expect(WebAssembly.validate(kept.module.cores[0]!.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  });
});
