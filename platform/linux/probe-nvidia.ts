// NVIDIA's GPUs: what nvidia-smi says, or else what its kernel driver shows, or else that a card is there and nobody drives it.
import type { Absence, GpuFacts } from "../contract/board-facts.ts";
import type { Answer, Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { listLibraries } from "./library-folders.ts";
import { keyedLines, lineOf, numberOf } from "./read-value.ts";
import { withDeadline } from "./with-deadline.ts";

const mostGpus = 32;
const mostPciDevices = 1024;
/** Display controllers: VGA, 3D and others. */
const displayClass = /^0x03(00|02|80)/;
const mebibyte = 2 ** 20;

/** All of them. Without any of NVIDIA's things, nothing, and no absence.
 * @param asked nvidia-smi's answer to `nvidiaQuery`.
 * @param waitMs how long to wait for it: less than the whole probe may take, so that the driver's files can be looked at. */
export async function probeNvidia(
  machine: Machine,
  asked: Promise<Answer<string>>,
  waitMs: number,
): Promise<Findings> {
  const waited = await withDeadline(waitMs, () => asked);
  const answer = waited.ok ? waited.value : waited;
  const gpus = answer.ok ? readGpus(answer.value) : [];
  if (gpus.length > 0) return { gpus };
  const driven = await readDriver(machine, answer);
  if (driven !== undefined) return driven;
  const cards = await findCards(machine);
  return { absences: cards.map((card) => undriven(card)) };
}

/** One GPU a line: name, MiB in all, MiB free, driver, compute capability; "[N/A]" for memory is the machine's own, on Jetson and GB10. */
function readGpus(text: string): GpuFacts[] {
  return text.split("\n", mostGpus).flatMap((line): GpuFacts[] => {
    const fields = line.split(",").map((field) => field.trim());
    const [name = "", total, free, version = "", capability = ""] = fields;
    const model = lineOf(name.replace(/^NVIDIA /, ""));
    if (fields.length !== 5 || model === undefined || !/^([0-9]+\.[0-9]+|\[N\/A\])$/.test(capability))
      return [];
    const memory = numberOf(total, { min: 1, max: 2 ** 30 });
    const unused = numberOf(free, { min: 0, max: memory ?? 0 });
    const gpu: GpuFacts = {
      type: "cuda",
      vendor: "NVIDIA",
      model,
      memoryBytes: memory === undefined ? undefined : Math.round(memory * mebibyte),
      freeMemoryBytes: unused === undefined ? undefined : Math.round(unused * mebibyte),
      isMemoryShared: memory === undefined,
      driver: lineOf(/^[0-9.]+$/.test(version) ? `nvidia ${version}` : "nvidia"),
    };
    return [gpu];
  });
}

/** What the kernel's part of the driver shows; undefined where it isn't loaded or has no card. */
async function readDriver(machine: Machine, answer: Answer<string>): Promise<Findings | undefined> {
  const folder = "/proc/driver/nvidia";
  const [text, cards, libraries] = await Promise.all([
    machine.readText(`${folder}/version`),
    machine.list(`${folder}/gpus`),
    listLibraries(machine),
  ]);
  if (cards.length === 0) return undefined;
  const version = text?.match(/^NVRM version:.{0,200}? ([0-9]{2,4}(\.[0-9]{1,4}){1,2})\s/m)?.[1];
  const isBroken = !answer.ok && answer.code !== "not-present";
  const computes = !isBroken && libraries.has("libcuda.so.1");
  const models = await Promise.all(
    cards.slice(0, mostGpus).map(async (card) => {
      const information = await machine.readText(`${folder}/gpus/${card}/information`);
      return lineOf(
        keyedLines(information, ":")
          .get("Model")
          ?.replace(/^NVIDIA /, ""),
      );
    }),
  );
  const gpus = models.map((model): GpuFacts => {
    return {
      type: computes ? "cuda" : "none",
      vendor: "NVIDIA",
      model: model ?? "unknown",
      memoryBytes: undefined,
      freeMemoryBytes: undefined,
      isMemoryShared: false,
      driver: version === undefined ? "nvidia" : `nvidia ${version}`,
    };
  });
  return { gpus, absences: computes ? [] : [silent(answer)] };
}

function silent(answer: Answer<string>): Absence {
  if (answer.ok || answer.code === "not-present") {
    const detail = "NVIDIA's kernel driver is loaded, but neither nvidia-smi nor libcuda.so.1 is installed.";
    return { about: "gpu", code: "not-supported", detail, mend: "Install NVIDIA's user-space driver" };
  }
  const detail = lineOf(`NVIDIA's driver is loaded, but nvidia-smi doesn't answer: ${answer.detail}`) ?? "";
  return { about: "gpu", code: answer.code, detail, mend: "See `dmesg | grep NVRM`; restart the machine" };
}

interface Card {
  readonly address: string;
  readonly id: string;
  /** The kernel's driver that holds it, if any. */
  readonly driver: string | undefined;
}

async function findCards(machine: Machine): Promise<readonly Card[]> {
  const folder = "/sys/bus/pci/devices";
  const addresses = (await machine.list(folder)).slice(0, mostPciDevices);
  const cards = await Promise.all(
    addresses.map(async (address): Promise<Card | undefined> => {
      const at = `${folder}/${address}`;
      if (lineOf(await machine.readText(`${at}/vendor`)) !== "0x10de") return undefined;
      const [type = "", device, driver] = await Promise.all([
        machine.readText(`${at}/class`),
        machine.readText(`${at}/device`),
        machine.resolve(`${at}/driver`),
      ]);
      if (!displayClass.test(type)) return undefined;
      const id = device?.match(/^0x([0-9a-f]{4})\s*$/)?.[1] ?? "unknown";
      return { address, id, driver: lineOf(driver?.split("/").at(-1)) };
    }),
  );
  return cards.filter((card) => card !== undefined).slice(0, mostGpus);
}

function undriven({ address, id, driver }: Card): Absence {
  const card = lineOf(`An NVIDIA card (pci 10de:${id}) is at ${address}`);
  if (driver === "vfio-pci") {
    const detail = `${card}, and it is lent to a virtual machine.`;
    return { about: "gpu", code: "busy", detail };
  }
  const detail = `${card}, but ${driver === undefined ? "no driver has it" : `${driver} has it, which doesn't compute`}.`;
  return { about: "gpu", code: "not-supported", detail, mend: "Install NVIDIA's driver for CUDA" };
}
