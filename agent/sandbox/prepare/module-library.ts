// Prepared modules by the digest of their component: from the cache, or from a short-lived child that never sees anything else.
import { z } from "zod";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { isErrorCode } from "../../../platform/base/error-codes.ts";
import type { BlobCache } from "../../../platform/contract/blob-cache.ts";
import type { ChildSpawner } from "../../../platform/contract/process.ts";
import { readBlobJson } from "../blob-json.ts";
import { readableText } from "../readable-text.ts";
import { prepareFor, toChild, toParent } from "../records.ts";
import { describeExit, discard, startChild } from "../sandbox-pool.ts";
import { control, sharedBytesFor } from "../shared-layout.ts";
import { type Preparation, type PrepareModuleOptions, preparerVersion } from "./prepare-module.ts";

/** A component's bytes; a larger one is refused before anybody looks at it. */
export const maxComponentBytes = 64 * 1024 * 1024;

/** Of address space for jco, its compiled self and the component: 2 GiB, of which 90 to 160 MiB are touched. */
const addressSpaceBytes = 2048 * 1024 * 1024;
const memoryBytes = 1024 * 1024 * 1024;
const transpileMs = 60_000;

const bytesSchema = z.instanceof(Uint8Array);
const exportName = z.string().max(200);
/** What a child may answer. It has run nothing of the guest, but has parsed it: its word is checked. */
const preparationSchema = z.strictObject({
  module: z.strictObject({
    kind: z.enum(["direct", "glue"]),
    plan: z
      .strictObject({
        exports: z.record(z.string(), exportName),
        logImport: z.strictObject({ module: exportName, name: exportName }).optional(),
      })
      .optional(),
    cores: z
      .array(z.strictObject({ name: z.string().max(100), bytes: bytesSchema }))
      .min(1)
      .max(64),
    glue: bytesSchema.optional(),
  }),
  facts: z.strictObject({
    imports: z.array(z.string().max(300)).max(1000),
    memoryPages: z.number(),
    tableElements: z.number(),
    bytes: z.number(),
  }),
});
const answerSchema = z.union([
  z.strictObject({ preparation: preparationSchema }),
  z.strictObject({
    problem: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }),
  }),
]);

export interface LibraryOptions extends Pick<PrepareModuleOptions, "filesystem"> {
  /** Called when the module is not in the cache and has to be prepared, which can take seconds. */
  readonly onMiss?: () => void;
}

export interface ModuleLibrary {
  /** @throws RemoteMediaError `module-*` */
  prepare(component: Uint8Array, options?: LibraryOptions): Promise<Preparation>;
}

export function createModuleLibrary(spawner: ChildSpawner, cache: BlobCache): ModuleLibrary {
  return {
    async prepare(component, { filesystem = false, onMiss } = {}) {
      if (component.length > maxComponentBytes) {
        throw new RemoteMediaError(
          "module-too-complex",
          `${component.length} bytes; at most ${maxComponentBytes} are taken`,
        );
      }
      const key = `${await sha256(component)}-${preparerVersion}${filesystem ? "-fs" : ""}`;
      const kept = await cache.get(key);
      if (kept !== undefined) {
        const known = answerSchema.safeParse(tryRead(kept));
        if (known.success) return toPreparation(known.data);
      }
      onMiss?.();
      const answer = await transpileInChild(spawner, component, filesystem);
      const said = answerSchema.safeParse(tryRead(answer));
      if (!said.success) throw nonsense(said.error);
      const preparation = toPreparation(said.data);
      await cache.put(key, answer);
      return preparation;
    },
  };
}

function tryRead(bytes: Uint8Array): unknown {
  try {
    return readBlobJson(bytes);
  } catch {
    return undefined;
  }
}

function toPreparation(answer: z.infer<typeof answerSchema>): Preparation {
  if ("preparation" in answer) return answer.preparation as Preparation;
  const { code, message, hint } = answer.problem;
  throw new RemoteMediaError(
    isErrorCode(code) ? code : "module-invalid",
    readableText(message).slice(0, 1000),
    hint === undefined ? {} : { hint },
  );
}

async function transpileInChild(
  spawner: ChildSpawner,
  component: Uint8Array,
  filesystem: boolean,
): Promise<Uint8Array> {
  // What comes back holds the cores again, metered, and the glue.
  const sharedBytes = sharedBytesFor(component.length * 4);
  const size = { sharedBytes, addressSpaceBytes, memoryBytes: memoryBytes + sharedBytes };
  const { child, inbox, outbox, layout } = await startChild(spawner, "transpiler", size);
  const timer = setTimeout(() => child.kill(), transpileMs);
  try {
    const answered = Promise.withResolvers<Uint8Array>();
    child.onWake(() => {
      Atomics.store(layout.control, control.parentWakePending, 0);
      try {
        const record = inbox.peek();
        if (record?.type !== toParent.loaded) return;
        answered.resolve(inbox.arena.slice(record.offset, record.offset + record.bytes));
      } catch (cause) {
        answered.reject(nonsense(cause));
      }
    });
    void child.exited.then((exit) => {
      answered.reject(
        new RemoteMediaError("module-too-complex", `preparing the module ended with ${describeExit(exit)}`),
      );
    });
    const room = outbox.reserve(component.length);
    if (room === undefined) throw new RemoteMediaError("internal", "the component doesn't fit");
    outbox.arena.set(component, room.offset);
    outbox.commit(toChild.load, filesystem ? prepareFor.nodeWithFilesystem : prepareFor.anyNode, room);
    child.wake();
    return await answered.promise;
  } finally {
    clearTimeout(timer);
    await discard(child);
  }
}

/** A component that took over the child that prepared it, or broke it. */
function nonsense(cause: unknown): RemoteMediaError {
  return new RemoteMediaError("module-invalid", "preparing the module gave nonsense", { cause });
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return new Uint8Array(digest).toHex();
}
