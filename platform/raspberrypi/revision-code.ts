// The revision code of a Raspberry Pi: which board it is, how much memory it has, and who made it.

/** @see https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#raspberry-pi-revision-codes */
export interface BoardRevision {
  /** "4B", "Zero 2 W", "CM5"; undefined for a type that came after this table. */
  readonly type: string | undefined;
  /** "1.2". */
  readonly revision: string;
  readonly memory: string | undefined;
  readonly manufacturer: string | undefined;
  /** "BCM2711"; undefined in old codes. */
  readonly processor: string | undefined;
}

const memories = ["256 MB", "512 MB", "1 GB", "2 GB", "4 GB", "8 GB", "16 GB"];
const manufacturers = ["Sony UK", "Egoman", "Embest", "Sony Japan", "Embest", "Stadium"];
const processors = ["BCM2835", "BCM2836", "BCM2837", "BCM2711", "BCM2712"];
const types: Readonly<Record<number, string>> = {
  0: "A",
  1: "B",
  2: "A+",
  3: "B+",
  4: "2B",
  6: "CM1",
  8: "3B",
  9: "Zero",
  10: "CM3",
  12: "Zero W",
  13: "3B+",
  14: "3A+",
  16: "CM3+",
  17: "4B",
  18: "Zero 2 W",
  19: "400",
  20: "CM4",
  21: "CM4S",
  23: "5",
  24: "CM5",
  25: "500",
  26: "CM5 Lite",
  27: "CM0",
};
/** Codes from before the Raspberry Pi 2: type, revision, memory, manufacturer. */
const oldCodes: Readonly<Record<number, readonly [string, string, string, string]>> = {
  2: ["B", "1.0", "256 MB", "Egoman"],
  3: ["B", "1.0", "256 MB", "Egoman"],
  4: ["B", "2.0", "256 MB", "Sony UK"],
  5: ["B", "2.0", "256 MB", "Qisda"],
  6: ["B", "2.0", "256 MB", "Egoman"],
  7: ["A", "2.0", "256 MB", "Egoman"],
  8: ["A", "2.0", "256 MB", "Sony UK"],
  9: ["A", "2.0", "256 MB", "Qisda"],
  13: ["B", "2.0", "512 MB", "Egoman"],
  14: ["B", "2.0", "512 MB", "Sony UK"],
  15: ["B", "2.0", "512 MB", "Egoman"],
  16: ["B+", "1.2", "512 MB", "Sony UK"],
  17: ["CM1", "1.0", "512 MB", "Sony UK"],
  18: ["A+", "1.1", "256 MB", "Sony UK"],
  19: ["B+", "1.2", "512 MB", "Embest"],
  20: ["CM1", "1.0", "512 MB", "Embest"],
  21: ["A+", "1.1", "256 MB", "Embest"],
};

/** Decodes what /proc/cpuinfo or the device tree says. Undefined for an old-style code that was never given out. */
export function decodeRevision(code: number): BoardRevision | undefined {
  if ((code & 0x800000) === 0) {
    // Above the code stands whether the warranty went with overvolting.
    const old = oldCodes[code & 0xffff];
    if (old === undefined) return undefined;
    const [type, revision, memory, manufacturer] = old;
    return { type, revision, memory, manufacturer, processor: "BCM2835" };
  }
  return {
    type: types[(code >>> 4) & 0xff],
    revision: `1.${code & 0xf}`,
    memory: memories[(code >>> 20) & 0x7],
    manufacturer: manufacturers[(code >>> 16) & 0xf],
    processor: processors[(code >>> 12) & 0xf],
  };
}

/** The code in the text of /proc/cpuinfo (`Revision : c03112`). */
export function findRevision(cpuinfo: string): number | undefined {
  const code = /^Revision\s*:\s*([0-9a-f]{1,8})\s*$/im.exec(cpuinfo)?.[1];
  return code === undefined ? undefined : Number.parseInt(code, 16);
}
