// The constants of NUT, and its checksum. Web-standard.
// @see https://ffmpeg.org/nut.html

/** What a NUT begins with, a zero byte included. */
export const nutMagic = "nut/multimedia container\0";

/** The eight bytes that packets other than frames begin with. */
export const startCodes = {
  main: 0x4e4d7a561f5f04adn,
  stream: 0x4e5311405bf2f9dbn,
  syncpoint: 0x4e4be4adeeca4569n,
  index: 0x4e58dd672f23e64en,
  info: 0x4e49ab68b596ba78n,
} as const;

/** The first byte of every start code; no frame begins with it. */
export const startByte = 0x4e;

/** Packets whose length is more than this repeat a checksum after it. */
export const checkedLength = 4096;

/** Bits of a frame code. */
export const frameFlags = {
  key: 1,
  endOfRelevance: 2,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

/** Main header's flag of version 4: syncpoints needn't follow, for nobody seeks. */
export const pipeFlag = 2;

const polynomial = 0x04c11db7;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ polynomial : crc << 1;
  return crc;
});

/** NUT's CRC-32: most significant bit first, from 0, nothing inverted. 0 over bytes that are followed by their own. */
export function nutChecksum(bytes: Iterable<number>, before = 0): number {
  let crc = before;
  for (const byte of bytes) crc = (crc << 8) ^ table[(crc >>> 24) ^ byte]!;
  return crc >>> 0;
}
