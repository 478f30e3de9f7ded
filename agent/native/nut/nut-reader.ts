// A NUT byte stream of raw pictures and samples, as FFmpeg gives it, into timed packets. Web-standard.
// @see https://ffmpeg.org/nut.html
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { sampleBytes } from "../../node/frame.ts";
import { pictureBytes } from "../../node/payload-check.ts";
import { ByteCursor } from "../byte-cursor.ts";
import { FieldReader, invalidNut } from "./field-reader.ts";
import { FrameHead } from "./frame-head.ts";
import { checkedLength, frameFlags, nutChecksum, nutMagic, startByte, startCodes } from "./nut-codes.ts";
import { type MainHeader, parseMainHeader, parseStreamHeader, type StreamHeader } from "./nut-header.ts";
import { maxStreams, type NutStream } from "./nut-stream.ts";
import { fullPts, rescaleDown, ticksToUs } from "./nut-time.ts";

/** A picture, or some samples. */
export interface NutPacket {
  readonly kind: "packet";
  readonly stream: NutStream;
  /** Microseconds, rounded to the nearest; a safe integer. */
  readonly ptsUs: number;
  /** Exactly one picture, or whole sample frames. A view of the incoming chunk where it lies in one. */
  readonly data: Uint8Array;
}

/** The streams, before their first packet. */
export interface NutStreams {
  readonly kind: "streams";
  readonly streams: readonly NutStream[];
}

export interface NutReadOptions {
  /** For error messages: what is read. */
  readonly file?: string | undefined;
}

const maxHeaderBytes = 64 * 1024;
const maxSkippedBytes = 256 * 1024 * 1024;
const maxAudioBytes = 16 * 1024 * 1024;

/** What a NUT of version 3 or 4 holds: its streams first, once, then their packets in the order of the bytes. No bytes are no
 * items. Every header's checksum is verified; nothing is passed over to go on behind damage.
 *
 * Throws `input-invalid` for what is no NUT of raw pictures and samples, and `input-broken` where it ends within a packet. */
export async function* readNut(
  bytes: AsyncIterable<Uint8Array>,
  options: NutReadOptions = {},
): AsyncGenerator<NutStreams | NutPacket> {
  const cursor = new ByteCursor(bytes);
  try {
    yield* new NutReader(cursor).items();
  } catch (thrown) {
    if (!(thrown instanceof RemoteMediaError) || options.file === undefined) throw thrown;
    throw new RemoteMediaError(thrown.code, thrown.message, {
      where: { file: options.file, ...thrown.where },
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
      cause: thrown,
    });
  } finally {
    await cursor.release();
  }
}

interface Track {
  readonly header: StreamHeader;
  readonly stream: NutStream;
  /** Of the last packet, or of the syncpoint after it, in ticks. */
  lastPts: bigint;
}

class NutReader {
  readonly #cursor: ByteCursor;
  #main: MainHeader | undefined;
  /** The headers as they came first: FFmpeg repeats them now and then. */
  #mainBytes: Uint8Array = new Uint8Array(0);
  readonly #streamBytes = new Map<number, Uint8Array>();
  readonly #tracks: Track[] = [];
  #isAnnounced = false;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
  }

  async *items(): AsyncGenerator<NutStreams | NutPacket> {
    const magic = await this.#cursor.take(nutMagic.length);
    if (magic.length === 0) return;
    if (String.fromCharCode(...magic) !== nutMagic) {
      // What there is of it may be right: then it was torn, else it is something else.
      if (nutMagic.startsWith(String.fromCharCode(...magic))) throw tornNut();
      throw invalidNut("it is no NUT");
    }
    for (;;) {
      const first = this.#cursor.tryTake(1) ?? (await this.#cursor.take(1));
      if (first.length === 0) return;
      if (first[0] === startByte) {
        await this.#packet();
        continue;
      }
      if (!this.#isAnnounced) yield this.#announce();
      const packet = await this.#frame(first[0]!);
      if (packet !== undefined) yield packet;
    }
  }

  #announce(): NutStreams {
    const expected = this.#main?.streams;
    const streams = Array.from({ length: expected ?? 0 }, (_, index) => this.#tracks[index]?.stream);
    const known = streams.filter((stream) => stream !== undefined);
    if (expected === undefined || known.length < expected)
      throw invalidNut("a frame comes before the headers");
    this.#isAnnounced = true;
    return { kind: "streams", streams: known };
  }

  async #packet(): Promise<void> {
    const head = new FrameHead(this.#cursor, startByte);
    const code = (BigInt(startByte) << 56n) | (await head.fixed(7));
    const length = await head.count("a packet's length", 0, maxSkippedBytes);
    if (length > checkedLength) await head.checksum();
    if (code === startCodes.main) return this.#takeMain(await this.#body(length));
    if (code === startCodes.stream) return this.#takeStream(await this.#body(length));
    if (code === startCodes.syncpoint) return this.#takeSyncpoint(await this.#body(length));
    if (code === startCodes.info) return void (await this.#body(length));
    // An index, or what a later version adds.
    if ((await this.#cursor.skip(length)) < length) throw tornNut();
  }

  /** A header's bytes without its checksum. */
  async #body(length: number): Promise<Uint8Array> {
    if (length < 4 || length > maxHeaderBytes) throw invalidNut(`a header is of ${length} bytes`);
    const bytes = await this.#cursor.take(length);
    if (bytes.length < length) throw tornNut();
    if (nutChecksum(bytes) !== 0) throw invalidNut("a header's checksum is wrong");
    return bytes.subarray(0, length - 4);
  }

  #takeMain(bytes: Uint8Array): void {
    if (this.#main === undefined) {
      this.#main = parseMainHeader(bytes);
      this.#mainBytes = bytes.slice();
    } else requireSame(bytes, this.#mainBytes);
  }

  #takeStream(bytes: Uint8Array): void {
    if (this.#main === undefined) throw invalidNut("a stream's header comes before the main header");
    const header = parseStreamHeader(bytes, this.#main);
    const { index, payload } = header;
    const before = this.#streamBytes.get(index);
    if (before === undefined) {
      this.#streamBytes.set(index, bytes.slice());
      this.#tracks[index] = { header, stream: { index, payload }, lastPts: 0n };
    } else requireSame(bytes, before);
  }

  #takeSyncpoint(bytes: Uint8Array): void {
    if (this.#main === undefined) throw invalidNut("a syncpoint comes before the headers");
    const { timeBases } = this.#main;
    const time = new FieldReader(bytes).big();
    const bases = BigInt(timeBases.length);
    const from = timeBases[Number(time % bases)]!;
    for (const track of this.#tracks) {
      if (track === undefined) continue;
      track.lastPts = rescaleDown(time / bases, from, timeBases[track.header.timeBase]!);
    }
  }

  async #frame(firstByte: number): Promise<NutPacket | undefined> {
    const { codes, elided, timeBases } = this.#main!;
    const code = codes[firstByte]!;
    const head = new FrameHead(this.#cursor, firstByte);
    let flags = code.flags;
    if (flags & frameFlags.invalid) throw invalidNut(`a packet begins with ${firstByte}`);
    if (flags & frameFlags.coded) flags ^= await head.count("a frame's flags", 0, 0xffff);
    const bit = (name: keyof typeof frameFlags) => (flags & frameFlags[name]) !== 0;
    // Side data, which came with version 4, is nothing that raw media has; its bytes would be taken for a picture's.
    if (bit("sideData") || bit("invalid")) throw invalidNut(`a frame has the flags ${flags}`);
    const index = bit("streamId") ? await head.count("a stream's number", 0, maxStreams) : code.stream;
    const track = this.#tracks[index];
    if (track === undefined) throw invalidNut(`a frame is of stream ${index}`);
    const pts = bit("codedPts")
      ? fullPts(await head.big(), track.lastPts, track.header.msbPtsShift)
      : track.lastPts + BigInt(code.ptsDelta);
    const msb = bit("sizeMsb") ? await head.count("a frame's size", 0, maxSkippedBytes) : 0;
    const size = code.sizeLsb + code.sizeMul * msb;
    if (bit("matchTime")) await head.big();
    const elision = bit("headerIndex") ? await head.count("a beginning's number", 0, 127) : code.header;
    const reserved = bit("reserved") ? await head.count("the reserved fields", 0, 256) : code.reserved;
    for (let field = 0; field < reserved; field++) await head.big();
    if (bit("checksum")) await head.checksum();
    track.lastPts = pts;
    const beginning = elided[size > checkedLength ? 0 : elision];
    if (beginning === undefined) throw invalidNut(`a frame has the beginning ${elision}`);
    if (size === 0 && (bit("endOfRelevance") || track.stream.payload.kind === "audio")) return undefined;
    checkSize(size, track.stream);
    const ptsUs = ticksToUs(pts, timeBases[track.header.timeBase]!);
    return { kind: "packet", stream: track.stream, ptsUs, data: await this.#data(size, beginning) };
  }

  async #data(size: number, beginning: Uint8Array): Promise<Uint8Array> {
    const rest = size - beginning.length;
    if (rest < 0) throw invalidNut("a frame is shorter than its beginning");
    const taken = this.#cursor.tryTake(rest) ?? (await this.#cursor.take(rest));
    if (taken.length < rest) throw tornNut();
    if (beginning.length === 0) return taken;
    const whole = new Uint8Array(size);
    whole.set(beginning);
    whole.set(taken, beginning.length);
    return whole;
  }
}

// What is declared is checked before memory is taken for it.
function checkSize(size: number, { payload }: NutStream): void {
  if (payload.kind === "video") {
    const expected = pictureBytes(payload.width, payload.height, payload.format);
    if (size !== expected) throw invalidNut(`a picture is of ${size} bytes instead of ${expected}`);
    return;
  }
  const step = payload.channels * sampleBytes[payload.format];
  if (size % step !== 0 || size > maxAudioBytes) throw invalidNut(`sound comes in ${size} bytes`);
}

function requireSame(bytes: Uint8Array, before: Uint8Array): void {
  const isSame = bytes.length === before.length && bytes.every((byte, index) => byte === before[index]);
  if (!isSame) throw invalidNut("a header is repeated differently");
}

function tornNut(): RemoteMediaError {
  return new RemoteMediaError("input-broken", "The captured stream ends within a packet.");
}
