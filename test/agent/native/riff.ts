// Builds RIFF files by hand, right or wrong, independently of the writer under test.

export function u16(value: number): number[] {
  return [value & 255, (value >>> 8) & 255];
}

export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(Math.floor(value / 65_536))];
}

export function id(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

/** A chunk with its pad byte; `size` tells another size than the true one. */
export function chunk(name: string, body: ArrayLike<number>, size = body.length): number[] {
  return [...id(name), ...u32(size), ...Array.from(body), ...(body.length % 2 === 1 ? [0] : [])];
}

export interface Layout {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly blockBytes?: number;
}

export function fmt({ tag = 1, channels = 1, rate = 8000, bits = 16, blockBytes }: Layout = {}): number[] {
  const block = blockBytes ?? (channels * Math.ceil(bits / 8)) & 0xffff;
  return chunk("fmt ", [...u16(tag), ...u16(channels), ...u32(rate), ...u32(0), ...u16(block), ...u16(bits)]);
}

export function extensible(tag: number, { channels = 1, rate = 8000, bits = 16 }: Layout = {}): number[] {
  const tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
  const block = channels * Math.ceil(bits / 8);
  return chunk("fmt ", [
    ...[...u16(0xfffe), ...u16(channels), ...u32(rate), ...u32(0), ...u16(block), ...u16(bits)],
    ...[...u16(22), ...u16(bits), ...u32(0), ...u16(tag), ...tail],
  ]);
}

/** A whole file: `size` is the RIFF's own, by default the true one. */
export function riff(chunks: readonly number[], size = chunks.length + 4, magic = "RIFF"): Uint8Array {
  return Uint8Array.from([...id(magic), ...u32(size), ...id("WAVE"), ...chunks]);
}
