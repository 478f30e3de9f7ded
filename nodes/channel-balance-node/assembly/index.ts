// ChannelBalanceNode: whether left and right are equally loud, and whether one of them is dead.
import { Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { amplitudeDb } from "../../sdk/assembly/dsp/decibel";
import { channelRms } from "../../sdk/assembly/dsp/level";

export class ChannelBalanceNode extends Node {
  private imbalanceDb: f64 = 10;
  private deadDb: f64 = -60;

  open(params: Params): void {
    this.imbalanceDb = params.number("imbalance_threshold_db", 10, 0.1, 120);
    this.deadDb = params.number("dead_channel_threshold_db", -60, -120, 0);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Audio) return out.reject("takes audio");
    // Anything but stereo can't be out of balance: equal levels of full scale stand for that.
    if (frame.channels != 2) return this.report(frame, 1, 1, out);
    const samples = frame.samples();
    this.report(frame, channelRms(samples, 2, 0), channelRms(samples, 2, 1), out);
  }

  private report(frame: Frame, left: f64, right: f64, out: Output): void {
    const leftDb = amplitudeDb(left);
    const rightDb = amplitudeDb(right);
    const gapDb = leftDb - rightDb;
    const leftDead = leftDb <= this.deadDb;
    const rightDead = rightDb <= this.deadDb;
    const dead = leftDead != rightDead;
    const ratio = right > 0 ? left / right : left > 0 ? Infinity : 1;
    out
      .object("out", frame.pts)
      .string("_schema", "channel_balance_event")
      .number("left_rms_db", leftDb, 3)
      .number("right_rms_db", rightDb, 3)
      .number("balance_ratio", ratio, 6)
      .number("imbalance_db", gapDb, 3)
      .flag("is_imbalanced", dead || abs(gapDb) >= this.imbalanceDb)
      .flag("has_dead_channel", dead)
      .string("dead_channel", !dead ? "none" : leftDead ? "left" : "right")
      .number("health", dead ? 0 : max<f64>(0, 1 - abs(gapDb) / this.imbalanceDb), 3)
      .integer("timestamp_us", frame.pts);
  }
}
