// VideoResize: pictures in another size.
import { Frame, Kind, Node, Output, Params, PixelFormat } from "../../sdk/assembly";
import { PlaneResizer } from "./plane";

export class VideoResize extends Node {
  private wantedWidth: i32 = 0;
  private wantedHeight: i32 = 0;
  private area: bool = true;
  private width: i32 = 0;
  private height: i32 = 0;
  private format: PixelFormat = PixelFormat.Gray8;
  private toWidth: i32 = 0;
  private toHeight: i32 = 0;
  /** For the full-size plane, and for the chroma planes where there are any. */
  private full: PlaneResizer | null = null;
  private chroma: PlaneResizer | null = null;

  open(params: Params): void {
    this.wantedWidth = params.integer("width", 0, 0, 8192);
    this.wantedHeight = params.integer("height", 0, 0, 8192);
    this.area = params.choice("filter", 0, ["auto", "bilinear"]) == 0;
    if (this.wantedWidth == 0 && this.wantedHeight == 0) params.refuse("width: width or height is needed");
  }

  process(frame: Frame, out: Output): void {
    if (frame.kind != Kind.Video) return out.reject("takes video");
    if (frame.width > 8192 || frame.height > 8192) return out.reject("picture larger than 8192 pixels");
    if (frame.width != this.width || frame.height != this.height || frame.pixelFormat != this.format) this.plan(frame);
    if (this.toWidth == this.width && this.toHeight == this.height) return out.forward(frame);
    const target = out.video("out", frame.pts, this.toWidth, this.toHeight, this.format);
    this.full!.resize(frame.data, target);
    const chroma = this.chroma;
    if (chroma === null) return;
    const from = frame.data + <usize>(this.width * this.height);
    const to = target + <usize>(this.toWidth * this.toHeight);
    chroma.resize(from, to);
    if (this.format != PixelFormat.I420) return;
    const plane = ((this.width + 1) >> 1) * ((this.height + 1) >> 1);
    const toPlane = ((this.toWidth + 1) >> 1) * ((this.toHeight + 1) >> 1);
    chroma.resize(from + plane, to + toPlane);
  }

  private plan(frame: Frame): void {
    this.width = frame.width;
    this.height = frame.height;
    this.format = frame.pixelFormat;
    // The missing side follows the picture's shape.
    this.toWidth = this.wantedWidth != 0 ? this.wantedWidth : scaled(this.width, this.wantedHeight, this.height);
    this.toHeight = this.wantedHeight != 0 ? this.wantedHeight : scaled(this.height, this.wantedWidth, this.width);
    if (this.full !== null) this.full!.release();
    if (this.chroma !== null) this.chroma!.release();
    this.chroma = null;
    const components = this.format == PixelFormat.Rgb24 ? 3 : this.format == PixelFormat.Rgba32 ? 4 : 1;
    this.full = new PlaneResizer(this.width, this.height, this.toWidth, this.toHeight, components, this.area);
    if (this.format != PixelFormat.I420 && this.format != PixelFormat.Nv12) return;
    this.chroma = new PlaneResizer(
      (this.width + 1) >> 1, (this.height + 1) >> 1, (this.toWidth + 1) >> 1, (this.toHeight + 1) >> 1,
      this.format == PixelFormat.Nv12 ? 2 : 1, this.area,
    );
  }
}

function scaled(side: i32, wanted: i32, other: i32): i32 {
  return max(1, min(8192, <i32>Math.round((<f64>side * <f64>wanted) / <f64>other)));
}
