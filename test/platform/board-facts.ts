// Facts of a machine with nothing special, for the tests of what refines them.
import type { BoardFacts } from "../../platform/contract/board-facts.ts";

/** The facts, with `fields` in place of some. */
export function boardFacts(fields: Partial<BoardFacts>): BoardFacts {
  return {
    time: new Date("2026-01-02T03:04:05.000Z"),
    board: { vendor: undefined, model: undefined, revision: undefined, family: "other" },
    host: { name: "board", kernel: "6.12.34", os: "Debian GNU/Linux 12 (bookworm)", container: undefined },
    cpu: { arch: "aarch64", cores: 4, model: "Cortex-A72", features: ["neon"], maxMhz: 1800, load: 0 },
    memory: { totalBytes: 4_000_000_000, availableBytes: 3_000_000_000 },
    storage: undefined,
    thermal: { celsius: 45, throttling: undefined, power: undefined },
    cameras: [],
    microphones: [],
    speakers: [],
    gpus: [],
    hardwareCodecs: [],
    ffmpeg: undefined,
    network: [],
    frameworks: {},
    sandbox: { seccomp: true, cgroup: true, reasons: [] },
    absences: [],
    ...fields,
  };
}
