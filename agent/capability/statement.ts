// The capability statement: what a device says that it is, has and can do, as it crosses the mesh.
import { z } from "zod";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { refusalCodes } from "../../platform/contract/machine.ts";
import { bounds, statementSchemaNumber } from "./bounds.ts";

/** What could break a line, or change how the rest of it shows. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;

const line = (length: number) =>
  z
    .string()
    .max(length)
    .refine((text) => !unprintable.test(text), "must be a line of printable text");
const name = line(bounds.nameLength);
const count = (most: number) => z.int().min(0).max(most);
const gibibytes = z.number().min(0).max(1e9);
const share = z.number().min(0).max(1);
const word = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/, "must be a word");

const cameraFormat = z.object({
  pixel: line(16),
  width: z.int().min(1).max(65_536),
  height: z.int().min(1).max(65_536),
  fps: z.array(z.number().positive().max(10_000)).max(bounds.rates),
});

const camera = z.object({ id: name, name, formats: z.array(cameraFormat).max(bounds.formats) });

const sound = z.object({
  id: name,
  name,
  formats: z.array(line(32)).max(bounds.soundFormats).nullable(),
  max_channels: count(bounds.channels).nullable(),
  rates: z.object({ min: count(bounds.rateHz), max: count(bounds.rateHz) }).nullable(),
});

const gpu = z.object({
  type: z.enum(["cuda", "rocm", "metal", "vulkan", "opencl", "none"]),
  model: name,
  memory_gb: gibibytes.nullable(),
  memory_free_gb: gibibytes.nullable(),
  driver: name.nullable(),
  vendor: name,
  memory_shared: z.boolean(),
});

const codecs = z.record(word, z.enum(["hardware", "software"])).refine(isShort, "too many codecs");

const absence = z.object({
  about: line(64),
  code: z.enum(refusalCodes),
  detail: line(bounds.sentenceLength),
  mend: line(bounds.sentenceLength).optional(),
});

const load = z.object({
  cpu: share,
  memory: share,
  sessions: count(1e6),
  queue_ms: z.number().min(0).max(1e9),
});

const throttleCauses = z.array(name).max(bounds.throttleCauses).nullable();

const statementSchema = z.object({
  schema: z.literal(statementSchemaNumber),
  device: name,
  time: z.iso.datetime(),
  board: z.object({ vendor: name.nullable(), model: name.nullable(), revision: name.nullable() }),
  cpu: z.object({
    cores: count(bounds.cores),
    arch: name,
    model: name.nullable(),
    features: z.array(name).max(bounds.features),
  }),
  memory_gb: gibibytes,
  storage_gb: gibibytes.nullable(),
  gpu: z.array(gpu).max(bounds.gpus),
  codecs,
  encoders: codecs,
  devices: z.object({
    cameras: z.array(camera).max(bounds.cameras),
    microphones: z.array(sound).max(bounds.sounds),
    speakers: z.array(sound).max(bounds.sounds),
  }),
  frameworks: z.record(word, name).refine(isShort, "too many frameworks"),
  sandbox: z.object({ seccomp: z.boolean(), cgroup: z.boolean(), max_memory_mb: count(1e9) }),
  node_types: z.array(name).max(bounds.nodeTypes),
  wit: z.array(name).max(16),
  load,
  thermal: z.object({
    celsius: z.number().min(-273).max(1000).nullable(),
    throttled: throttleCauses,
    // Added under this number: statements from before don't have it.
    throttled_since_boot: throttleCauses.default(null),
  }),
  network: z
    .array(
      z.object({
        name,
        kind: z.enum(["ethernet", "wifi", "cellular", "virtual", "other"]),
        up: z.boolean(),
        mbps: z.number().min(0).max(1e9).nullable(),
      }),
    )
    .max(bounds.networks),
  /** Parts that were not found but set, such as `storage_gb` or `frameworks.onnx`, and who set them. */
  source: z
    .record(line(bounds.nameLength + 64), word)
    .refine((all) => Object.keys(all).length <= bounds.sources, "too many sources")
    .optional(),
  absent: z.array(absence).max(bounds.absences),
  // What it asks for running nodes, in a unit that the mesh's owner chooses; absent where the operator has set none.
  price: z.number().min(0).max(1e9).optional(),
});

/** The schema of each part, for those who set one. */
export const statementParts = statementSchema.shape;

/** What a device is, has and can do.
 *
 * Sizes are in GiB, rounded down to two decimals, so that no need is met by rounding: `memory_gb` is all of the machine's memory,
 * `storage_gb` what is free on its disk, a GPU's `memory_gb` all of its own and `memory_free_gb` what nobody uses. `codecs` are what
 * it decodes, `encoders` what it encodes. `load.cpu`, `load.memory`: the share in use, 0 to 1. `thermal.throttled` are the reasons
 * why the board holds itself back now, `throttled_since_boot` those of any time since it started, the present ones among them. What is
 * unknown is null; what is missing has its reason in `absent`. */
export type CapabilityStatement = z.infer<typeof statementSchema>;
export type StatedAbsence = CapabilityStatement["absent"][number];
export type StatedGpu = CapabilityStatement["gpu"][number];
export type StatedCodecs = CapabilityStatement["codecs"];

function isShort(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length <= bounds.words;
}

/** A statement from elsewhere, attacker-controlled: bounded and checked; keys that this version doesn't know are dropped.
 * @throws RemoteMediaError `statement-invalid` */
export function parseStatement(input: unknown): CapabilityStatement {
  const parsed = statementSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map((step) => String(step).slice(0, 40)).join(".") ?? "";
  const isOther = path === "schema";
  throw new RemoteMediaError(
    "statement-invalid",
    isOther
      ? `the statement is of another schema than ${statementSchemaNumber}`
      : `the statement doesn't hold at ${JSON.stringify(path)}: ${issue?.message ?? "not as it should be"}`,
    isOther ? { hint: "bring both devices to the same version" } : {},
  );
}
