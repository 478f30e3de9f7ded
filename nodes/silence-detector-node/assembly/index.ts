// SilenceDetectorNode: how long it has been silent, and whether the sound keeps dropping out.
import { Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { amplitudeDb } from "../../sdk/assembly/dsp/decibel";
import { rms } from "../../sdk/assembly/dsp/level";

/** Dropouts remembered at most, whatever the window and the frames' length. */
const mostDropouts = 4096;

export class SilenceDetectorNode extends Node {
  private thresholdDb: f64 = -50;
  private sustainedMs: f64 = 500;
  private leastDropouts: i32 = 3;
  private windowUs: i64 = 5000000;
  private silentMs: f64 = 0;
  private wasSilent: bool = false;
  /** When each silence of the window began, oldest first. */
  private dropouts: i64[] = [];

  open(params: Params): void {
    this.thresholdDb = params.number("silence_threshold_db", -50, -120, 0);
    this.sustainedMs = params.number("sustained_silence_ms", 500, 1, 86400000);
    this.leastDropouts = params.integer("dropout_count_threshold", 3, 1, mostDropouts);
    this.windowUs = <i64>(params.number("dropout_window_ms", 5000, 1, 86400000) * 1000);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    const rmsDb = amplitudeDb(rms(frame.samples()));
    const silent = rmsDb <= this.thresholdDb;
    this.silentMs = silent ? this.silentMs + (<f64>frame.sampleCount * 1000) / <f64>frame.rate : 0;
    this.remember(silent, frame.pts);
    out
      .object("out", frame.pts)
      .string("_schema", "silence_event")
      .flag("is_silent", silent)
      .number("rms_db", rmsDb, 3)
      .number("silence_duration_ms", this.silentMs, 3)
      .flag("is_sustained_silence", this.silentMs >= this.sustainedMs)
      .integer("dropout_count", this.dropouts.length)
      .flag("has_intermittent_dropouts", this.dropouts.length >= this.leastDropouts)
      .number("health", silent ? max<f64>(0, 1 - this.silentMs / this.sustainedMs) : 1, 3)
      .integer("timestamp_us", frame.pts);
  }

  private remember(silent: bool, pts: i64): void {
    if (silent && !this.wasSilent) this.dropouts.push(pts);
    this.wasSilent = silent;
    while (this.dropouts.length > 0 && (pts - this.dropouts[0] >= this.windowUs || this.dropouts.length > mostDropouts)) {
      this.dropouts.shift();
    }
  }
}
