// What a peer sends for one call, held to what the stage may give.

import type { NodeFailure } from "../node/failure.ts";
import { defaultLimits } from "../node/limits.ts";
import type { Emission } from "../node/runner.ts";
import type { CallTimes, StageMessage } from "../protocol/control-message.ts";
import { peerInvalid } from "../protocol/field-reader.ts";
import type { OffloadedStage } from "./candidate.ts";
import type { CallResult } from "./lane.ts";

/** Gathers the results of a lane's calls, which come one after the other. Every method throws `peer-invalid` for what can't be true. */
export class ResultGatherer {
  readonly #types: ReadonlyMap<string, string>;
  readonly #wanted: ReadonlySet<string>;
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  #emissions: Emission[] = [];
  #bytes = 0;

  constructor(stage: OffloadedStage) {
    this.#types = new Map(stage.nodes.map(({ id, type }) => [id, type]));
    this.#wanted = new Set(stage.wanted);
    this.#maxFrames = stage.maxFramesOut ?? defaultLimits.maxFramesOut * stage.nodes.length;
    this.#maxBytes = stage.maxOutputBytes ?? defaultLimits.maxOutputBytes * stage.nodes.length;
  }

  get isEmpty(): boolean {
    return this.#emissions.length === 0;
  }

  add({ node, port, pts, payload, data }: Extract<StageMessage, { type: "frame" }>): void {
    if (!this.#wanted.has(`${node}.${port}`)) throw peerInvalid("a frame of an output that nobody asked for");
    this.#bytes += data.length;
    if (this.#emissions.length >= this.#maxFrames || this.#bytes > this.#maxBytes)
      throw peerInvalid("more than the stage may give for a call");
    this.#emissions.push({ node, frame: { port, pts, payload, data } });
  }

  /** The call has ended, with what it gave. */
  end({ serviceUs, waitedUs }: CallTimes, told: readonly NodeFailure[]): CallResult {
    const failures = told.map((failure) => this.#ours(failure));
    if (waitedUs > serviceUs) throw peerInvalid("a call that waited for longer than it took");
    const result = { emissions: this.#emissions, failures, bytes: this.#bytes, serviceUs, waitedUs };
    this.#emissions = [];
    this.#bytes = 0;
    return result;
  }

  #ours(failure: NodeFailure): NodeFailure {
    const nodeType = this.#types.get(failure.node);
    if (nodeType === undefined) throw peerInvalid("a failure of a node that it wasn't given");
    return { ...failure, nodeType };
  }
}
