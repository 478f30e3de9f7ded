// Machine: what probes look at: files below a root, answers of devices and programs. Live, or recorded in a folder.

/** Why something can't be told. `not-present`: it isn't there. `busy`: somebody else has it. `unreadable`: what it says makes no sense. */
export const refusalCodes = [
  "not-present",
  "no-permission",
  "busy",
  "timed-out",
  "unreadable",
  "not-supported",
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

/** An answer, or why there is none; `detail` is one sentence without control characters. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: RefusalCode; readonly detail: string };

/** A file in `/dev`. */
export interface DeviceNode {
  /** Permission bits, for example 0o660. */
  readonly mode: number;
  /** The group's name, or its number where it has none. */
  readonly group: string;
  /** Whether this process may read and write it. */
  readonly isAccessible: boolean;
}

/** A rate or an interval as V4L2 gives it: `numerator` / `denominator` seconds a frame. */
export interface FrameInterval {
  readonly numerator: number;
  readonly denominator: number;
}

/** Sizes of one pixel format. `stepwise` and `continuous` ranges have their two ends, and the steps between. */
export type VideoSize =
  | {
      readonly kind: "discrete";
      readonly width: number;
      readonly height: number;
      /** Shortest first; both ends where the device gives a range. */
      readonly intervals: readonly FrameInterval[];
    }
  | {
      readonly kind: "stepwise";
      readonly minWidth: number;
      readonly maxWidth: number;
      readonly stepWidth: number;
      readonly minHeight: number;
      readonly maxHeight: number;
      readonly stepHeight: number;
      /** At the largest size. */
      readonly intervals: readonly FrameInterval[];
    };

export interface VideoFormat {
  /** Four characters, for example "YUYV"; control characters are "?". */
  readonly fourcc: string;
  readonly description: string;
  readonly isCompressed: boolean;
  /** At most 512. */
  readonly sizes: readonly VideoSize[];
}

/** What a V4L2 device says of itself by VIDIOC_QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS and ENUMINPUT.
 * @see https://docs.kernel.org/userspace-api/media/v4l/user-func.html */
export interface VideoDevice {
  readonly driver: string;
  readonly card: string;
  readonly busInfo: string;
  /** V4L2_CAP_* of this node (`device_caps`). */
  readonly capabilities: number;
  /** Of the capture queue, single- or multi-planar; at most 64. */
  readonly captureFormats: readonly VideoFormat[];
  /** Of the output queue: what a codec takes. Without sizes. */
  readonly outputFormats: readonly VideoFormat[];
  /** Names of its inputs; empty where it has none. */
  readonly inputs: readonly string[];
  /** Whether there was more than the bounds allow. */
  readonly isTruncated: boolean;
}

/** What a PCM device can do, by SNDRV_PCM_IOCTL_INFO and HW_REFINE.
 * @see include/uapi/sound/asound.h of Linux */
export interface PcmDevice {
  readonly id: string;
  readonly name: string;
  /** As ALSA names them: "S16_LE", "S32_LE", "FLOAT_LE", … */
  readonly formats: readonly string[];
  readonly minChannels: number;
  readonly maxChannels: number;
  /** In Hz. */
  readonly minRate: number;
  readonly maxRate: number;
}

export interface StorageSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** What holds sandbox children on this machine. */
export interface SandboxStrength {
  readonly seccomp: boolean;
  readonly cgroup: boolean;
  /** One sentence for each that is false. */
  readonly reasons: readonly string[];
}

/** Programs that probes may ask; nothing else is ever started. */
export const askedPrograms = [
  "ffmpeg",
  "nvidia-smi",
  "vcgencmd",
  "rpicam-hello",
  "libcamera-hello",
  "vainfo",
] as const;
export type AskedProgram = (typeof askedPrograms)[number];

/** Everything that a probe may look at. Paths are absolute, below the machine's root. Each method has a deadline of its own and never
 * throws; whatever it gives is bounded in size and was written by somebody who may mean harm. */
export interface Machine {
  /** Whether this is a folder of recorded facts. */
  readonly isRecorded: boolean;
  /** When the facts are or were true. */
  readonly time: Date;
  /** A small file's text (at most 256 KiB, the rest is cut); undefined where it isn't there, is no plain file or can't be read. */
  readText(path: string): Promise<string | undefined>;
  /** Its bytes; at most 256 KiB. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Names in a folder, sorted; at most 4096; empty where there is none. */
  list(path: string): Promise<readonly string[]>;
  /** Where a path leads once every link is followed; undefined where nowhere, or out of the root. */
  resolve(path: string): Promise<string | undefined>;
  /** A file in `/dev`; undefined where it isn't there. */
  deviceNode(path: string): Promise<DeviceNode | undefined>;
  /** Asks a V4L2 device, such as `/dev/video0`. */
  videoDevice(path: string): Promise<Answer<VideoDevice>>;
  /** Asks a PCM device, such as `/dev/snd/pcmC0D0c`. */
  pcmDevice(path: string): Promise<Answer<PcmDevice>>;
  /** What a program prints on stdout, at most 1 MiB. `not-present` where it isn't installed, `unreadable` where it failed. */
  run(program: AskedProgram, args: readonly string[]): Promise<Answer<string>>;
  /** The file system that holds a path. */
  storage(path: string): Promise<StorageSpace | undefined>;
  /** Whether a Unix socket is there and takes connections from this user. */
  socket(path: string): Promise<boolean>;
  sandbox(): Promise<SandboxStrength>;
}

/** Tells that devices came, went or changed. */
export interface DeviceWatcher extends Disposable {
  /** Called when something may have changed, at most once in 250 ms; the names are for people. */
  onChange(listener: (names: readonly string[]) => void): void;
}
