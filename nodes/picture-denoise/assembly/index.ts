// PictureDenoise: pictures without their noise, by non-local means.
import { Frame, Kind, Node, Output, Params, PixelFormat } from "../../sdk/assembly";
import { NonLocalMeans } from "./non-local-means";

export class PictureDenoise extends Node {
  private strength: f64 = 12;
  private patch: i32 = 1;
  private search: i32 = 5;
  private width: i32 = 0;
  private height: i32 = 0;
  private channels: i32 = 0;
  private filter: NonLocalMeans | null = null;

  open(params: Params): void {
    this.strength = params.number("strength", 12, 0.5, 100);
    this.patch = params.integer("patch_radius", 1, 0, 4);
    this.search = params.integer("search_radius", 5, 1, 12);
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Video) return out.reject("takes video");
    if (frame.width > 4096 || frame.height > 4096) return out.reject("picture larger than 4096 pixels");
    const format = frame.pixelFormat;
    const channels = format == PixelFormat.Rgb24 ? 3 : format == PixelFormat.Rgba32 ? 4 : 1;
    if (frame.width != this.width || frame.height != this.height || channels != this.channels) this.plan(frame, channels);
    const target = out.video("out", frame.pts, frame.width, frame.height, format);
    // Chroma planes and alpha stay as they are.
    memory.copy(target, frame.data, <usize>frame.length);
    this.filter!.clean(frame.data, target);
  }

  private plan(frame: Frame, channels: i32): void {
    if (this.filter !== null) this.filter!.release();
    this.width = frame.width;
    this.height = frame.height;
    this.channels = channels;
    this.filter = new NonLocalMeans(this.width, this.height, channels, this.patch, this.search, this.strength);
  }
}
