// JPEG pictures with their times as a Matroska stream, which is the least that FFmpeg reads exact times from.
import { RemoteMediaError } from "../base/error.ts";

const text = new TextEncoder();
/** Matroska's "length unknown", of a stream. */
const unknownLength = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

/** The head of a stream of one Motion JPEG track whose times count microseconds.
 * @see https://www.rfc-editor.org/rfc/rfc9559 */
export function matroskaHead(width: number, height: number): Uint8Array {
  const head = element(0x1a45dfa3, element(0x4282, text.encode("matroska")));
  const info = element(0x1549a966, number(0x2ad7b1, 1000));
  const video = element(0xe0, number(0xb0, width), number(0xba, height));
  const track = [
    number(0xd7, 1),
    number(0x73c5, 1),
    number(0x83, 1),
    element(0x86, text.encode("V_MJPEG")),
    video,
  ];
  const tracks = element(0x1654ae6b, element(0xae, ...track));
  return join([head, Uint8Array.of(0x18, 0x53, 0x80, 0x67), unknownLength, info, tracks]);
}

/** A picture as a cluster of its own: times within a cluster have 16 bits only. */
export function matroskaPicture(timeUs: number, picture: Uint8Array): Uint8Array {
  // Track 1, 0 ticks after the cluster, a key frame.
  const block = element(0xa3, Uint8Array.of(0x81, 0, 0, 0x80), picture);
  return element(0x1f43b675, number(0xe7, timeUs), block);
}

/** The size that a JPEG's frame header says. Throws `capture-broken` where there is none. */
export function jpegSize(picture: Uint8Array): { readonly width: number; readonly height: number } {
  let at = 2;
  while (at + 9 < picture.length) {
    const mark = picture[at + 1]!;
    const u16 = (offset: number) => (picture[at + offset]! << 8) | picture[at + offset + 1]!;
    // SOF0 to SOF15, but for the tables among them.
    if (mark >= 0xc0 && mark <= 0xcf && mark !== 0xc4 && mark !== 0xc8 && mark !== 0xcc) {
      return { height: u16(5), width: u16(7) };
    }
    at += 2 + u16(2);
  }
  throw new RemoteMediaError("capture-broken", "The camera's program gave a JPEG without a size.");
}

function element(id: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(length) | (1n << 56n));
  return join([bytesOf(id), size, ...content]);
}

function number(id: number, value: number): Uint8Array {
  const content = new Uint8Array(8);
  new DataView(content.buffer).setBigUint64(0, BigInt(value));
  return element(id, content);
}

function bytesOf(id: number): Uint8Array {
  const digits = id.toString(16);
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
