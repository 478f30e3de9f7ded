// The WAV header that we write.
import { describe, expect, it } from "vitest";
import { ByteCursor } from "../../../agent/native/byte-cursor.ts";
import { readWavHeader } from "../../../agent/native/wav-header.ts";
import { wavHeader } from "../../../agent/native/wav-writer.ts";
import { chunked } from "./chunked.ts";

const mono = { rate: 16_000, channels: 1, format: "s16le" } as const;
const text = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
const u32 = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer).getUint32(at, true);

describe("a WAV's header", () => {
  it("keeps its length when the file outgrows 4 GiB, and becomes an RF64", async () => {
    const small = wavHeader(mono, 1000);
    const large = wavHeader(mono, 5 * 2 ** 30);
    expect(large.length).toBe(small.length);
    expect([text(small, 0), text(small, 12)]).toEqual(["RIFF", "JUNK"]);
    expect([text(large, 0), text(large, 12)]).toEqual(["RF64", "ds64"]);
    expect(u32(small, 4)).toBe(small.length - 8 + 1000);
    expect(await readWavHeader(new ByteCursor(chunked(large)))).toMatchObject({ dataBytes: 5 * 2 ** 30 });
  });

  it("is a RIFF as long as its size fits in 32 bits", () => {
    const room = 0xffff_ffff - (wavHeader(mono, 0).length - 8);
    expect(text(wavHeader(mono, room - 1), 0)).toBe("RIFF");
    expect(text(wavHeader(mono, room), 0)).toBe("RF64");
  });

  it("is extensible for more than two channels, with the speakers' positions", () => {
    const six = wavHeader({ rate: 48_000, channels: 6, format: "f32le" }, 0);
    const at = 12 + 36;
    expect(text(six, at)).toBe("fmt ");
    expect(u32(six, at + 4)).toBe(40);
    expect(new DataView(six.buffer).getUint16(at + 8, true)).toBe(0xfffe);
    expect(u32(six, at + 28)).toBe(0x3f);
    expect(u32(wavHeader(mono, 0), at + 4)).toBe(16);
  });

  it("of a stream leaves its sizes open and has no room for others", async () => {
    const header = wavHeader(mono, "streaming");
    expect(header.length).toBe(44);
    expect([u32(header, 4), u32(header, 40)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect(await readWavHeader(new ByteCursor(chunked(header)))).toMatchObject({ dataBytes: undefined });
  });
});
