// What one probe found: some parts of the facts, and why others are missing.
import type { BoardFacts } from "../contract/board-facts.ts";

/** Lists of several probes are joined, anything else is given by one probe only. */
export type Findings = Partial<Omit<BoardFacts, "time">>;

/** The facts of a machine of which nothing is known. */
export function nothingFound(time: Date): BoardFacts {
  return {
    time,
    board: { vendor: undefined, model: undefined, revision: undefined, family: "other" },
    host: { name: undefined, kernel: undefined, os: undefined, container: undefined },
    cpu: { arch: "unknown", cores: 1, model: undefined, features: [], maxMhz: undefined, load: 0 },
    memory: { totalBytes: 0, availableBytes: 0 },
    storage: undefined,
    thermal: { celsius: undefined, throttling: undefined, power: undefined },
    cameras: [],
    microphones: [],
    speakers: [],
    gpus: [],
    hardwareCodecs: [],
    ffmpeg: undefined,
    network: [],
    frameworks: {},
    sandbox: { seccomp: false, cgroup: false, reasons: [] },
    absences: [],
  };
}

/** The facts with what a probe found put in. */
export function withFindings(facts: BoardFacts, findings: Findings): BoardFacts {
  return {
    ...facts,
    ...findings,
    gpus: [...facts.gpus, ...(findings.gpus ?? [])],
    absences: [...facts.absences, ...(findings.absences ?? [])],
  };
}
