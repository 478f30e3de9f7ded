// LossLedger: when a source was lost and found, for people while it happens and for the report.
import type { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import { printable } from "../../../platform/base/printable.ts";
import type { SourceFailure } from "../../node/runner.ts";
import type { NativeEvent } from "../node-type.ts";

const listedFailures = 100;
const maxTextLength = 400;

export interface LedgerOptions {
  readonly node: string;
  /** What it is, for people: `the camera "HD Webcam"`. */
  readonly what: () => string;
  readonly onEvent: (event: NativeEvent) => void;
}

/** An outage is one loss, however often it is tried to end it in vain; another reason meanwhile is another one. */
export class LossLedger {
  readonly failures: SourceFailure[] = [];
  failuresTotal = 0;
  /** How often it was found after it had been lost. One that had to be waited for at the beginning wasn't lost. */
  restarts = 0;
  readonly #options: LedgerOptions;
  #lost: { code: ErrorCode; readonly sinceUs: number } | undefined;
  #wasThere = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  lose(error: RemoteMediaError, nowUs: number, framePts: number | undefined): void {
    const { node, what, onEvent } = this.#options;
    if (this.#lost?.code === error.code) return;
    const message = printable(error.message, maxTextLength);
    this.failuresTotal++;
    if (this.failures.length < listedFailures) this.failures.push({ code: error.code, message, framePts });
    const state = this.#lost !== undefined || !this.#wasThere ? "isn't there yet" : "is lost";
    this.#lost = { code: error.code, sinceUs: this.#lost?.sinceUs ?? nowUs };
    const text = printable(`${what()} ${state}: ${message}`, maxTextLength);
    onEvent({ node, kind: "lost", code: error.code, text });
  }

  /** A frame came. */
  hear(nowUs: number): void {
    if (this.#lost !== undefined) {
      const seconds = ((nowUs - this.#lost.sinceUs) / 1e6).toFixed(1);
      const text = printable(`${this.#options.what()} is back after ${seconds} s`, maxTextLength);
      this.#options.onEvent({ node: this.#options.node, kind: "found", text });
      if (this.#wasThere) this.restarts++;
      this.#lost = undefined;
    }
    this.#wasThere = true;
  }
}
