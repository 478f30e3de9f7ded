// BoardFacts: what probes found out about a machine, and for what is missing, why.
import type { FrameInterval, RefusalCode, SandboxStrength, StorageSpace } from "./machine.ts";

/** Something that was looked for and isn't there, or only in part. */
export interface Absence {
  /** Where it would stand in the statement: `devices.cameras`, `devices.microphones`, `devices.speakers`, `gpu`, `codecs`, `codecs.h264`,
   * `frameworks`, `sandbox.seccomp`, `sandbox.cgroup`, `board`, `cpu`, `memory`, `storage`, `network`. */
  readonly about: string;
  readonly code: RefusalCode;
  /** One sentence: what was seen, with the path or the device. */
  readonly detail: string;
  /** What a person can do; undefined where nothing can or need be done. */
  readonly mend?: string | undefined;
}

/** Every string of the facts is one line of printable text, at most 128 characters. Undefined is unknown. */
export interface BoardIdentity {
  readonly vendor: string | undefined;
  readonly model: string | undefined;
  readonly revision: string | undefined;
  /** Names that decide what else is looked for. */
  readonly family: "raspberrypi" | "jetson" | "pc" | "other";
}

export interface HostFacts {
  /** The host name. */
  readonly name: string | undefined;
  /** Kernel release. */
  readonly kernel: string | undefined;
  /** PRETTY_NAME of os-release. */
  readonly os: string | undefined;
  /** "docker", "podman", "lxc", … where this is a container. */
  readonly container: string | undefined;
}

export interface CpuFacts {
  /** As manifests write it: "x86_64", "aarch64", "arm". */
  readonly arch: string;
  /** Logical cores that are online; fewer where a container's share of their time is worth less. */
  readonly cores: number;
  readonly model: string | undefined;
  /** Of "neon", "sve", "sve2", "dotprod", "fp16", "i8mm", "sse4_2", "avx", "avx2", "avx512f", "avx512_vnni", "amx", "fma": those it has. */
  readonly features: readonly string[];
  /** In MHz. */
  readonly maxMhz: number | undefined;
  /** Share of the cores in use, 0 to 1: the load average of a minute by cores, at most 1. */
  readonly load: number;
}

export interface MemoryFacts {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export type ThrottleCause = "under-voltage" | "frequency-capped" | "throttled" | "soft-temperature-limit";

export interface ThermalFacts {
  /** The hottest zone, in °C. */
  readonly celsius: number | undefined;
  /** Now, and at some time since boot; undefined where the board doesn't say. */
  readonly throttling:
    | { readonly now: readonly ThrottleCause[]; readonly sinceBoot: readonly ThrottleCause[] }
    | undefined;
  /** What it runs on; undefined where unknown. */
  readonly power: "mains" | "battery" | undefined;
}

/** One way a camera can give pictures. */
export interface CameraFormat {
  /** V4L2's four characters, for example "YUYV", "MJPG", "H264". */
  readonly pixel: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second, highest first, rounded to three decimals. */
  readonly fps: readonly number[];
}

export interface CameraFacts {
  /** Stable across reboots and ports of the same name: `usb-<bus>`, `csi-<n>`, `platform-…`; `[a-z0-9._:-]+`. */
  readonly id: string;
  readonly name: string;
  readonly bus: "usb" | "csi" | "virtual" | "pci" | "other";
  /** How it is opened. */
  readonly api: "v4l2" | "libcamera";
  /** `/dev/videoN`, or libcamera's number. */
  readonly path: string;
  readonly formats: readonly CameraFormat[];
  /** Whether it has modes that aren't listed: any size within a range, or more than are kept. What isn't listed may then still be asked for. */
  readonly hasMore?: boolean | undefined;
}

/** A sound device that can be captured from or played to. */
export interface SoundFacts {
  /** `alsa-<card id>-<device>`, or `pulse`. */
  readonly id: string;
  readonly name: string;
  readonly api: "alsa" | "pulse";
  /** How it is opened: `hw:CARD=<id>,DEV=<n>`, or "default". */
  readonly address: string;
  /** Undefined where the device is busy or a sound server stands in between. */
  readonly formats: readonly string[] | undefined;
  readonly maxChannels: number | undefined;
  /** In Hz. */
  readonly rates: { readonly min: number; readonly max: number } | undefined;
}

export interface GpuFacts {
  /** What it computes with; "none" shows pictures only. */
  readonly type: "cuda" | "rocm" | "vulkan" | "opencl" | "none";
  readonly vendor: string;
  readonly model: string;
  /** Memory of its own, or the share of the machine's that it may use; undefined where unknown. */
  readonly memoryBytes: number | undefined;
  readonly freeMemoryBytes: number | undefined;
  readonly isMemoryShared: boolean;
  /** Name and version, for example "nvidia 550.54", "v3d". */
  readonly driver: string | undefined;
}

export interface HardwareCodec {
  /** As FFmpeg spells it: "h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "mpeg2video", … */
  readonly codec: string;
  readonly direction: "decode" | "encode";
  readonly api: "v4l2m2m" | "v4l2request" | "nvdec" | "nvenc" | "vaapi";
  /** The device's file where there is one. */
  readonly device: string | undefined;
  /** FFmpeg's name for it where that isn't the API's own, for example "h264_nvv4l2dec". */
  readonly implementation?: string | undefined;
}

export interface FfmpegFacts {
  readonly version: string;
  /** Codec names by direction, as `ffmpeg -codecs` lists them. */
  readonly decoders: readonly string[];
  readonly encoders: readonly string[];
  /** Implementations by name that use hardware: "h264_v4l2m2m", "hevc_nvenc", "h264_cuvid", … */
  readonly hardwareImplementations: readonly string[];
  /** `-hwaccels`. */
  readonly hwaccels: readonly string[];
  /** Input and output devices: "v4l2", "alsa", "pulse", "x11grab", … */
  readonly inputDevices: readonly string[];
  readonly outputDevices: readonly string[];
}

export interface NetworkFacts {
  readonly name: string;
  readonly kind: "ethernet" | "wifi" | "cellular" | "virtual" | "other";
  readonly isUp: boolean;
  /** In Mbit/s; undefined where unknown. */
  readonly speedMbps: number | undefined;
}

/** Everything that was found. Addresses and serial numbers are never part of it. */
export interface BoardFacts {
  readonly time: Date;
  readonly board: BoardIdentity;
  readonly host: HostFacts;
  readonly cpu: CpuFacts;
  readonly memory: MemoryFacts;
  readonly storage: StorageSpace | undefined;
  readonly thermal: ThermalFacts;
  readonly cameras: readonly CameraFacts[];
  readonly microphones: readonly SoundFacts[];
  readonly speakers: readonly SoundFacts[];
  readonly gpus: readonly GpuFacts[];
  readonly hardwareCodecs: readonly HardwareCodec[];
  /** Undefined where there is none that will do. */
  readonly ffmpeg: FfmpegFacts | undefined;
  readonly network: readonly NetworkFacts[];
  /** Inference runtimes found, by name, with their version. */
  readonly frameworks: Readonly<Record<string, string>>;
  readonly sandbox: SandboxStrength;
  readonly absences: readonly Absence[];
}

/** Frames a second of an interval, rounded to three decimals; undefined for an absurd one. */
export function framesPerSecond({ numerator, denominator }: FrameInterval): number | undefined {
  const fps = Math.round((denominator / numerator) * 1000) / 1000;
  return Number.isFinite(fps) && fps > 0 && fps <= 10_000 ? fps : undefined;
}
