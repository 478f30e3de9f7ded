// A lane on this machine: a runner of our own as one place among others.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { Clock } from "../../platform/contract/clock.ts";
import type { NodeRunner, Outcome } from "../node/runner.ts";
import type { CallResult, Lane, LaneCall, LaneEvents } from "./lane.ts";

export interface LocalLaneOptions {
  readonly open: () => NodeRunner;
  readonly clock: Clock;
  readonly events: LaneEvents;
}

export class LocalLane implements Lane {
  readonly #options: LocalLaneOptions;
  #runner: NodeRunner | undefined;
  #state: "opening" | "open" | "ended" = "opening";
  #inFlight = 0;
  #answeredMs = 0;

  constructor(options: LocalLaneOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async open(): Promise<void> {
    const runner = this.#options.open();
    this.#runner = runner;
    await runner.open();
    if (this.#state === "ended") throw new RemoteMediaError("interrupted", "the stage was closed here");
    this.#state = "open";
  }

  /** A runner of our own holds its calls to their limits itself. */
  quietMs(): number {
    return 0;
  }

  canTake(): boolean {
    return this.#state === "open" && this.#inFlight < this.#runner!.window;
  }

  send({ number, frame }: LaneCall): void {
    const runner = this.#runner!;
    const begunMs = this.#options.clock.monotonicMs();
    this.#inFlight += 1;
    (frame === undefined ? runner.flush() : runner.process(frame)).then(
      (outcome) => {
        if (this.#state !== "open") return;
        this.#inFlight -= 1;
        const nowMs = this.#options.clock.monotonicMs();
        // Calls are worked on one after the other.
        const waitedMs = Math.max(0, this.#answeredMs - begunMs);
        this.#answeredMs = nowMs;
        this.#options.events.answered(number, resultOf(outcome, nowMs - begunMs, waitedMs));
        this.#options.events.room();
      },
      (thrown: unknown) => this.fail(toRemoteMediaError(thrown)),
    );
  }

  release(): void {}

  refresh(): void {}

  fail(why: RemoteMediaError): void {
    const wasOpen = this.#state === "open";
    void this.close();
    if (wasOpen) this.#options.events.ended(why);
  }

  async close(): Promise<void> {
    this.#state = "ended";
    await this.#runner?.close();
  }
}

function resultOf({ emissions, failures }: Outcome, serviceMs: number, waitedMs: number): CallResult {
  const bytes = emissions.reduce((sum, { frame }) => sum + frame.data.length, 0);
  return { emissions, failures, bytes, serviceUs: serviceMs * 1000, waitedUs: waitedMs * 1000 };
}
