// Names of ARM cores by implementer and part number, as /proc/cpuinfo gives them.

/** MIDR_EL1's implementer codes and part numbers.
 * @see arch/arm64/include/asm/cputype.h of Linux, and the Technical Reference Manual of each core */
const cores: Readonly<Record<number, { readonly maker: string; readonly parts: Record<number, string> }>> = {
  65: {
    maker: "ARM",
    parts: {
      2934: "ARM1176",
      3077: "Cortex-A5",
      3079: "Cortex-A7",
      3080: "Cortex-A8",
      3081: "Cortex-A9",
      3085: "Cortex-A17",
      3086: "Cortex-A17",
      3087: "Cortex-A15",
      3329: "Cortex-A32",
      3330: "Cortex-A34",
      3331: "Cortex-A53",
      3332: "Cortex-A35",
      3333: "Cortex-A55",
      3334: "Cortex-A65",
      3335: "Cortex-A57",
      3336: "Cortex-A72",
      3337: "Cortex-A73",
      3338: "Cortex-A75",
      3339: "Cortex-A76",
      3340: "Neoverse-N1",
      3341: "Cortex-A77",
      3342: "Cortex-A76AE",
      3392: "Neoverse-V1",
      3393: "Cortex-A78",
      3394: "Cortex-A78AE",
      3396: "Cortex-X1",
      3398: "Cortex-A510",
      3399: "Cortex-A710",
      3400: "Cortex-X2",
      3401: "Neoverse-N2",
      3402: "Neoverse-E1",
      3403: "Cortex-A78C",
      3405: "Cortex-A715",
      3406: "Cortex-X3",
      3407: "Neoverse-V2",
      3456: "Cortex-A520",
      3457: "Cortex-A720",
      3458: "Cortex-X4",
      3460: "Neoverse-V3",
      3470: "Neoverse-N3",
    },
  },
  66: { maker: "Broadcom", parts: { 1302: "Vulcan" } },
  67: { maker: "Cavium", parts: { 161: "ThunderX", 175: "ThunderX2" } },
  72: { maker: "HiSilicon", parts: { 3329: "TaiShan v110" } },
  78: { maker: "NVIDIA", parts: { 0: "Denver", 3: "Denver 2", 4: "Carmel" } },
  81: {
    maker: "Qualcomm",
    parts: {
      2048: "Kryo 2xx Gold",
      2049: "Kryo 2xx Silver",
      2050: "Kryo 3xx Gold",
      2051: "Kryo 3xx Silver",
      2052: "Kryo 4xx Gold",
      2053: "Kryo 4xx Silver",
    },
  },
  97: {
    maker: "Apple",
    parts: {
      34: "Icestorm (M1)",
      35: "Firestorm (M1)",
      36: "Icestorm (M1 Pro)",
      37: "Firestorm (M1 Pro)",
      40: "Icestorm (M1 Max)",
      41: "Firestorm (M1 Max)",
      50: "Blizzard (M2)",
      51: "Avalanche (M2)",
    },
  },
  192: { maker: "Ampere", parts: { 2755: "Ampere-1", 2756: "Ampere-1a" } },
};

/** A core's name; "ARM part 0xd99" for a part that isn't in the table, undefined for an implementer that isn't. */
export function armCoreName(implementer: number, part: number): string | undefined {
  const maker = cores[implementer];
  return maker && (maker.parts[part] ?? `${maker.maker} part 0x${part.toString(16)}`);
}
