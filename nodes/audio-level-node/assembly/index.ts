// AudioLevelNode: how loud each frame is.
import { Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { amplitudeDb } from "../../sdk/assembly/dsp/decibel";
import { peak } from "../../sdk/assembly/dsp/dot";
import { rms } from "../../sdk/assembly/dsp/level";

export class AudioLevelNode extends Node {
  private lowDb: f64 = -20;
  private silenceDb: f64 = -60;

  open(params: Params): void {
    this.lowDb = params.number("low_volume_threshold_db", -20, -120, 0);
    this.silenceDb = params.number("silence_threshold_db", -60, -120, 0);
    if (this.silenceDb > this.lowDb) params.refuse("silence_threshold_db: above low_volume_threshold_db");
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    const samples = frame.samples();
    const rmsDb = amplitudeDb(rms(samples));
    const silent = rmsDb <= this.silenceDb;
    out
      .object("out", frame.pts)
      .string("_schema", "audio_level_event")
      .number("rms_db", rmsDb, 3)
      .number("peak_db", amplitudeDb(peak(samples.pointer, samples.length)), 3)
      .flag("is_low_volume", !silent && rmsDb <= this.lowDb)
      .flag("is_silence", silent)
      .number("health", this.health(rmsDb), 3)
      .integer("timestamp_us", frame.pts);
  }

  /** 0 at the silence threshold and below, 1 at the low-volume threshold and above, linear between. */
  private health(rmsDb: f64): f64 {
    if (rmsDb <= this.silenceDb) return 0;
    if (rmsDb >= this.lowDb) return 1;
    return (rmsDb - this.silenceDb) / (this.lowDb - this.silenceDb);
  }
}
