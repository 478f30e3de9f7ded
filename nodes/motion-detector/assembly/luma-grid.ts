// A small grey copy of a picture: the mean of up to 4 by 4 pixels spread over each cell.
import { Floats, Frame, PixelFormat } from "../../sdk/assembly";

const spread = 4;

/** Writes width·height means (0 to 255) of the frame's luma to `target`. */
export function lumaGrid(frame: Frame, width: i32, height: i32, target: Floats): void {
  const format = frame.pixelFormat;
  const step = format == PixelFormat.Rgb24 ? 3 : format == PixelFormat.Rgba32 ? 4 : 1;
  target.resize(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) target[y * width + x] = cell(frame, x, y, width, height, step);
  }
}

function cell(frame: Frame, x: i32, y: i32, width: i32, height: i32, step: i32): f32 {
  const left = (x * frame.width) / width;
  const top = (y * frame.height) / height;
  const across = ((x + 1) * frame.width) / width - left;
  const down = ((y + 1) * frame.height) / height - top;
  const columns = max(1, min(spread, across));
  const rows = max(1, min(spread, down));
  let sum = 0;
  for (let j = 0; j < rows; j++) {
    const line = frame.data + <usize>((top + (j * down) / rows) * frame.width * step);
    for (let i = 0; i < columns; i++) {
      const at = line + <usize>((left + (i * across) / columns) * step);
      // ITU-R BT.601 weights in 256ths.
      if (step == 1) sum += <i32>load<u8>(at) << 8;
      else sum += 77 * <i32>load<u8>(at) + 150 * <i32>load<u8>(at, 1) + 29 * <i32>load<u8>(at, 2);
    }
  }
  return <f32>sum / <f32>(rows * columns * 256);
}
