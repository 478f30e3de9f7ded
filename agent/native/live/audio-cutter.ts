// AudioCutter: packets of whatever size into frames of one duration, with exact times.
import { type Frame, type Payload, sampleBytes } from "../../node/frame.ts";

export type AudioPayload = Extract<Payload, { readonly kind: "audio" }>;

/** From here on a packet doesn't follow the one before: sound is missing in between. Less is the jitter of its clock. */
const gapUs = 20_000;

/** A frame's time is that of its first sample: its packet's time and the samples before it. What is left over waits for the next
 * packet. Where the times have a gap the frame before it is cut short, so that no frame holds sound of two moments. */
export class AudioCutter {
  readonly #port: string;
  readonly #payload: AudioPayload;
  readonly #sampleBytes: number;
  readonly #frameBytes: number;
  #partial: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #partialUs = 0;
  #expectedUs: number | undefined;

  constructor(port: string, payload: AudioPayload, frameMs: number) {
    this.#port = port;
    this.#payload = payload;
    this.#sampleBytes = payload.channels * sampleBytes[payload.format];
    this.#frameBytes = Math.max(1, Math.round((payload.rate * frameMs) / 1000)) * this.#sampleBytes;
  }

  /** The frames that a packet of whole samples completes. They own their bytes. */
  push(timeUs: number, data: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    const expectedUs = this.#expectedUs ?? timeUs;
    if (Math.abs(timeUs - expectedUs) > gapUs) frames.push(...this.flush());
    this.#expectedUs = timeUs + this.#durationUs(data.length);
    for (let at = 0; at < data.length; ) {
      if (this.#partial === undefined) {
        this.#partial = new Uint8Array(this.#frameBytes);
        this.#partialUs = timeUs + this.#durationUs(at);
      }
      const piece = data.subarray(at, at + this.#frameBytes - this.#filled);
      this.#partial.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#frameBytes) frames.push(...this.flush());
    }
    return frames;
  }

  /** What is left over, as a shorter frame. */
  flush(): Frame[] {
    if (this.#partial === undefined) return [];
    const data = this.#partial.subarray(0, this.#filled);
    this.#partial = undefined;
    this.#filled = 0;
    return [{ port: this.#port, pts: Math.round(this.#partialUs), payload: this.#payload, data }];
  }

  #durationUs(bytes: number): number {
    return (bytes / this.#sampleBytes / this.#payload.rate) * 1e6;
  }
}
