// What the machine's devices lack, as the doctor's checks: each absence with what a person can do about it.
import type { Absence, BoardFacts } from "../../platform/contract/board-facts.ts";
import type { Config } from "../config/config.ts";
import type { Check } from "./check.ts";
import { judgePower } from "./examine-power.ts";
import { openBoard } from "./probe-board.ts";

export async function examineDevices(config: Config): Promise<Check[]> {
  using board = await openBoard(config);
  const { facts } = await board.look();
  return judgeDevices(facts);
}

/** A check for each kind of device, and for its power: a warning where somebody can mend something. Pure. */
export function judgeDevices(facts: BoardFacts): Check[] {
  const { cameras, microphones, speakers, gpus, hardwareCodecs, absences } = facts;
  const names = (devices: readonly { readonly name: string }[]) => devices.map(({ name }) => name);
  const codecs = hardwareCodecs.map(({ codec, direction, api }) => `${direction}s ${codec} (${api})`);
  return [
    judge("cameras", names(cameras), "devices.cameras", absences),
    judge("microphones", names(microphones), "devices.microphones", absences),
    judge("speakers", names(speakers), "devices.speakers", absences),
    judge(
      "gpu",
      gpus.map(({ model, type }) => (type === "none" ? model : `${model} (${type})`)),
      "gpu",
      absences,
    ),
    judge(
      "codecs",
      facts.ffmpeg === undefined
        ? []
        : [...codecs, codecs.length === 0 ? "all in software" : "the rest in software"],
      "codecs",
      absences,
    ),
    ...judgePower(facts.thermal),
  ];
}

function judge(name: string, found: readonly string[], about: string, all: readonly Absence[]): Check {
  const own = all.filter((absence) => absence.about === about || absence.about.startsWith(`${about}.`));
  const details = [...new Set([found.join(", "), ...own.map(({ detail }) => detail)])].filter(
    (text) => text !== "",
  );
  const detail = details.join("; ") || "none";
  const mends = [...new Set(own.flatMap(({ mend }) => mend ?? []))];
  const check = { name, needed: false, detail };
  return mends.length === 0
    ? { ...check, status: "ok" }
    : { ...check, status: "warn", mend: mends.join("; ") };
}
