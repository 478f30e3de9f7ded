// NativeNodeType: a node that is the machine's own, a source or a sink, and what it is given to run with.
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import type { CameraFacts, HardwareCodec, SoundFacts } from "../../platform/contract/board-facts.ts";
import type { MediaCapture, MediaEncoder } from "../../platform/contract/media-capture.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { FrameSink, FrameSource } from "../node/runner.ts";

/** The clock that all frames of a run are timed by: 0 when the run began. Microseconds, whole numbers. */
export interface PipelineClock {
  nowUs(): number;
  /** Of a time on CLOCK_MONOTONIC. */
  fromMonotonicUs(us: number): number;
  /** Of a time since 1970, as the wall clock stands now. */
  fromWallUs(us: number): number;
  /** Resolves after so long, or at once when the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's devices as they are now. */
export interface NativeDevices {
  readonly cameras: readonly CameraFacts[];
  readonly microphones: readonly SoundFacts[];
  readonly speakers: readonly SoundFacts[];
  readonly hardwareCodecs: readonly HardwareCodec[];
}

/** Something that happened to a device or a stream while the run went on. */
export interface NativeEvent {
  readonly node: string;
  readonly kind: "lost" | "found";
  /** Why it was lost. */
  readonly code?: ErrorCode | undefined;
  /** One sentence for people, without control characters. */
  readonly text: string;
}

export interface NativeContext {
  /** The node's id in the manifest, for errors and events. */
  readonly node: string;
  /** The output ports that something takes. Nothing is captured for the others. */
  readonly wanted: ReadonlySet<string>;
  /** Of a sink: the input ports that something gives to. Absent where that isn't known. */
  readonly connected?: ReadonlySet<string> | undefined;
  readonly capture: MediaCapture;
  readonly encoder: MediaEncoder;
  readonly clock: PipelineClock;
  /** Looks at the machine anew. */
  devices(): Promise<NativeDevices>;
  /** Resolves when devices may have come or gone, or the signal fires. */
  deviceChange(signal: AbortSignal): Promise<void>;
  onEvent(event: NativeEvent): void;
}

/** One of both: a source has outputs and no input, a sink inputs and no output. What has both and opens neither is a unit that the composition
 * root makes, as `RemotePipelineNode` is. `params` fit the descriptor's schema, defaults filled in.
 * Opening starts nothing that runs; it throws RemoteMediaError for what can be known to fail before a frame flows. */
export interface NativeNodeType {
  readonly descriptor: NodeDescriptor;
  openSource?(params: Readonly<Record<string, unknown>>, context: NativeContext): Promise<FrameSource>;
  openSink?(params: Readonly<Record<string, unknown>>, context: NativeContext): Promise<FrameSink>;
}
