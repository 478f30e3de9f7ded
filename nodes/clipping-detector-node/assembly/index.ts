// ClippingDetectorNode: whether the sound is cut off at full scale.
import { Floats, Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { peak } from "../../sdk/assembly/dsp/dot";
import { rms } from "../../sdk/assembly/dsp/level";

/** What silence counts as: nothing is clipped there. */
const silenceCrestDb: f64 = 20;

export class ClippingDetectorNode extends Node {
  private saturation: f32 = 0.99;
  private ratioThreshold: f64 = 1;
  private crestThresholdDb: f64 = 3;

  open(params: Params): void {
    this.saturation = <f32>params.number("saturation_threshold", 0.99, 0, 1);
    this.ratioThreshold = params.number("saturation_ratio_threshold", 1, 0.0001, 100);
    this.crestThresholdDb = params.number("crest_factor_threshold_db", 3, 0, 100);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    const samples = frame.samples();
    const ratio = samples.length == 0 ? 0 : (100 * <f64>this.saturated(samples)) / <f64>samples.length;
    const level = rms(samples);
    const top = <f64>peak(samples.pointer, samples.length);
    const crestDb = level > 0 ? 20 * Math.log10(top / level) : silenceCrestDb;
    out
      .object("out", frame.pts)
      .string("_schema", "clipping_event")
      .number("saturation_ratio", ratio, 3)
      .number("crest_factor_db", crestDb, 3)
      .flag("is_clipping", ratio >= this.ratioThreshold || crestDb <= this.crestThresholdDb)
      .number("health", max<f64>(0, 1 - ratio / this.ratioThreshold), 3)
      .integer("timestamp_us", frame.pts);
  }

  private saturated(samples: Floats): i32 {
    let count = 0;
    for (let i = 0; i < samples.length; i++) count += i32(abs(samples[i]) >= this.saturation);
    return count;
  }
}
