// What native nodes are opened with, for tests: no devices, no FFmpeg, a clock that is turned by hand.
import type { NativeContext, NativeDevices, NativeEvent } from "../../../../agent/native/node-type.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import { VirtualClock } from "../virtual-clock.ts";

export interface TestContext extends NativeContext {
  readonly clock: VirtualClock;
  readonly events: NativeEvent[];
}

const noDevices: NativeDevices = { cameras: [], microphones: [], speakers: [], hardwareCodecs: [] };

/** `parts` replace what they name. */
export function testContext(parts: Partial<Omit<NativeContext, "clock" | "onEvent">> = {}): TestContext {
  const events: NativeEvent[] = [];
  const unexpected = (): never => {
    throw new RemoteMediaError("internal", "the test has no FFmpeg");
  };
  return {
    node: "node",
    wanted: new Set(),
    capture: { capture: unexpected },
    encoder: { open: unexpected },
    devices: async () => noDevices,
    deviceChange: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    ...parts,
    clock: new VirtualClock(),
    events,
    onEvent: (event) => void events.push(event),
  };
}
