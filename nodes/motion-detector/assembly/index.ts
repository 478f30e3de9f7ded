// MotionDetector: lets pictures through while something moves, and says when and where.
import { Floats, Frame, Kind, Node, Output, Params } from "../../sdk/assembly";
import { lumaGrid } from "./luma-grid";

export class MotionDetector extends Node {
  private threshold: f32 = 20;
  private leastArea: f64 = 0.01;
  private holdUs: i64 = 1000000;
  private learning: f32 = 0.1;
  private gridWidth: i32 = 96;

  private width: i32 = 0;
  private height: i32 = 0;
  private columns: i32 = 0;
  private rows: i32 = 0;
  private now: Floats = new Floats();
  private background: Floats = new Floats();
  private changed: StaticArray<u8> = [];
  private moving: bool = false;
  private startPts: i64 = 0;
  private lastPts: i64 = 0;
  /** Of the current motion: the largest share of the picture, and the cells touched. */
  private mostArea: f64 = 0;
  private left: i32 = 0;
  private top: i32 = 0;
  private right: i32 = 0;
  private bottom: i32 = 0;

  open(params: Params): void {
    this.threshold = <f32>params.number("threshold", 20, 1, 255);
    this.leastArea = params.number("min_area", 0.01, 0, 1);
    this.holdUs = <i64>params.integer("hold_ms", 1000, 0, 600000) * 1000;
    this.learning = <f32>params.number("learning_rate", 0.1, 0.001, 1);
    this.gridWidth = params.integer("analysis_width", 96, 8, 640);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Video) return out.reject("takes video");
    if (frame.width > 16384 || frame.height > 16384) return out.reject("picture larger than 16384 pixels");
    if (frame.width != this.width || frame.height != this.height) return this.restart(frame, out);
    lumaGrid(frame, this.columns, this.rows, this.now);
    this.compare();
    const area = this.area();
    if (area > 0 && area >= this.leastArea) this.move(frame, area, out);
    else if (this.moving && frame.pts - this.lastPts >= this.holdUs) this.stop(frame.pts, out);
    if (this.moving) out.forward(frame);
  }

  flush(out: Output): void {
    if (this.moving) this.stop(this.lastPts, out);
  }

  /** The first picture of a size is what the next ones are compared to. */
  private restart(frame: Frame, out: Output): void {
    if (this.moving) this.stop(this.lastPts, out);
    this.width = frame.width;
    this.height = frame.height;
    this.columns = min(this.gridWidth, frame.width);
    this.rows = max(1, min(frame.height, (this.columns * frame.height) / frame.width));
    this.changed = new StaticArray<u8>(this.columns * this.rows);
    lumaGrid(frame, this.columns, this.rows, this.background);
  }

  /** Marks the cells that differ from the background, apart from a change of the whole picture's brightness. */
  private compare(): void {
    const count = this.columns * this.rows;
    let drift: f32 = 0;
    for (let i = 0; i < count; i++) drift += this.now[i] - this.background[i];
    drift /= <f32>count;
    for (let i = 0; i < count; i++) {
      const gap = this.now[i] - this.background[i];
      this.changed[i] = u8(abs(gap - drift) > this.threshold);
      this.background[i] = this.background[i] + gap * this.learning;
    }
  }

  /** The share of changed cells that have a changed neighbour; widens the motion's box around them. */
  private area(): f64 {
    let count = 0;
    for (let y = 0; y < this.rows; y++) {
      for (let x = 0; x < this.columns; x++) {
        if (this.changed[y * this.columns + x] == 0 || !this.hasNeighbour(x, y)) continue;
        if (count == 0 && !this.moving) this.emptyBox();
        count++;
        this.left = min(this.left, x);
        this.right = max(this.right, x);
        this.top = min(this.top, y);
        this.bottom = max(this.bottom, y);
      }
    }
    return <f64>count / <f64>(this.columns * this.rows);
  }

  /** Noise is single cells; things are not. */
  private hasNeighbour(x: i32, y: i32): bool {
    const at = y * this.columns + x;
    if (x > 0 && this.changed[at - 1] != 0) return true;
    if (x + 1 < this.columns && this.changed[at + 1] != 0) return true;
    if (y > 0 && this.changed[at - this.columns] != 0) return true;
    return y + 1 < this.rows && this.changed[at + this.columns] != 0;
  }

  private emptyBox(): void {
    this.left = this.columns;
    this.top = this.rows;
    this.right = -1;
    this.bottom = -1;
  }

  private move(frame: Frame, area: f64, out: Output): void {
    this.lastPts = frame.pts;
    this.mostArea = this.moving ? max(this.mostArea, area) : area;
    if (this.moving) return;
    this.moving = true;
    this.startPts = frame.pts;
    this.report("motion_start", frame.pts, out);
  }

  private stop(pts: i64, out: Output): void {
    this.moving = false;
    this.report("motion_end", pts, out);
  }

  private report(event: string, pts: i64, out: Output): void {
    const json = out
      .object("events", pts)
      .string("event", event)
      .integer("start_us", this.startPts);
    if (!this.moving) json.integer("end_us", this.lastPts).integer("duration_us", this.lastPts - this.startPts);
    const x = (this.left * this.width) / this.columns;
    const y = (this.top * this.height) / this.rows;
    json
      .number("area", this.mostArea, 4)
      .object("box")
      .integer("x", x)
      .integer("y", y)
      .integer("width", ((this.right + 1) * this.width) / this.columns - x)
      .integer("height", ((this.bottom + 1) * this.height) / this.rows - y)
      .end();
  }
}
