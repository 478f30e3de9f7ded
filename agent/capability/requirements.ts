// What a node needs of the machine that runs it, as manifests and descriptors write it.
import { z } from "zod";

const word = z.string().min(1).max(64);
const words = z.array(word).max(64);

const gpuSchema = z.strictObject({
  type: z.enum(["cuda", "rocm", "metal", "vulkan", "any"]).describe("The GPU's runtime."),
  min_memory_gb: z.number().min(0).max(1e6).optional().describe("Free GPU memory, in GB."),
  required: z.boolean().default(true).describe("`false` lets the node run without a GPU."),
  preferred: z
    .boolean()
    .default(false)
    .describe("Where the GPU isn't required: prefer a machine that has one."),
});

const cpuSchema = z.strictObject({
  cores: z.int().min(1).max(4096).optional().describe("Logical cores, at least."),
  arch: z.enum(["x86_64", "aarch64", "arm", "any"]).optional().describe("The instruction set."),
});

/** The schema of `capabilities` in a manifest's node and of `needs` in a node.json. */
export const capabilitySchema = z.strictObject({
  gpu: gpuSchema.optional().describe("A GPU."),
  cpu: cpuSchema.optional().describe("The processor."),
  memory_gb: z.number().min(0).max(1e6).optional().describe("The machine's memory, in GB."),
  codecs: words.optional().describe("Codecs, as FFmpeg spells them."),
  hardware_accel: z.boolean().optional().describe("Whether the codecs must run in hardware."),
  frameworks: words.optional().describe("Inference frameworks, for example `onnx`."),
  devices: words.optional().describe("Devices, for example `camera` or `microphone`."),
});

/** Requirements of one node; every key optional. */
export type CapabilityRequirements = z.infer<typeof capabilitySchema>;
