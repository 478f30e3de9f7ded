// Tones that tell seconds and channels apart. Web-standard, pure.

/** Whole numbers of Hz, so that every second ends where its wave began. */
const scaleHz = [440, 495, 550, 660];
const amplitude = 0.25;

/** The sample with this number, -1 to 1: another pitch each second, and an octave higher each channel. */
export function toneSample(index: number, rate: number, channel: number): number {
  const second = Math.floor(index / rate);
  const pitch = scaleHz[second % scaleHz.length]! * 2 ** (channel % 3);
  return amplitude * Math.sin((2 * Math.PI * pitch * (index % rate)) / rate);
}
