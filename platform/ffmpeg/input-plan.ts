// How FFmpeg opens one kind of input, and what its times count from.
import type { CaptureTimes } from "../contract/media-capture.ts";
import type { ComplaintSubject } from "./classify-complaint.ts";

/** How long nothing may come: before the first byte, and later. */
export interface SilenceLimits {
  readonly first: number;
  readonly later: number;
}

/** How an input is opened. */
export interface InputPlan {
  readonly times: CaptureTimes;
  readonly subject: ComplaintSubject;
  /** As FFmpeg names it. */
  readonly input: string;
  readonly options: readonly string[];
  /** Ways to open it that stand before `options`: the next is tried where one fails before anything came. */
  readonly ways?: readonly (readonly string[])[];
  /** Whether an end is a break: devices and streams have none of their own. */
  readonly isEndless: boolean;
  readonly silenceMs?: SilenceLimits;
  /** What FFmpeg says when it goes on with something else than was asked. */
  readonly refuses?: RegExp | undefined;
}
