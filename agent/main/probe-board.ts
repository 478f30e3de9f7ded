// openBoard: this machine, or a recorded one, as facts and as its capability statement.
import { join } from "node:path";
import type { BoardFacts } from "../../platform/contract/board-facts.ts";
import type { Machine } from "../../platform/contract/machine.ts";
import { refineJetson } from "../../platform/jetson/refine-jetson.ts";
import { withContainerMends } from "../../platform/linux/container-mends.ts";
import { openLiveMachine } from "../../platform/linux/live-machine.ts";
import { probeLinux } from "../../platform/linux/probe-linux.ts";
import { openRecordedMachine } from "../../platform/linux/recorded-machine.ts";
import { refineRaspberryPi } from "../../platform/raspberrypi/refine-raspberry-pi.ts";
import { openFileBlobCache } from "../../platform/store/file-blob-cache.ts";
import { describeCapabilities } from "../capability/describe-capabilities.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Config } from "../config/config.ts";
import { nativeNames } from "../native/native-names.ts";
import { searchPath } from "./environment.ts";
import { rememberAnswers } from "./remember-answers.ts";
import { readSandboxStrength } from "./sandbox-strength.ts";
import { selfCommand } from "./self-command.ts";

/** What one look at a machine has found. */
export interface BoardLook {
  readonly facts: BoardFacts;
  readonly statement: CapabilityStatement;
}

export interface Board extends Disposable {
  /** Looks at everything; what is slow to ask and stays as it is, only the first time. */
  look(): Promise<BoardLook>;
  /** Devices may have changed: the next look asks them again. */
  forget(): void;
}

/** `root`: a folder of recorded facts, or the root of a board's file system; default: this machine.
 * @throws RemoteMediaError `board-invalid` */
export async function openBoard(config: Config, root?: string): Promise<Board> {
  if (root !== undefined) {
    const machine = await openRecordedMachine(root);
    // Nobody runs nodes on a recording: it has no node types.
    return { look: () => lookAt(machine, []), forget: () => {}, [Symbol.dispose]: () => {} };
  }
  const live = openThisMachine(config);
  const cache = openFileBlobCache(join(config.homeFolder, "answers"));
  const ffmpegPath = Bun.which("ffmpeg", { PATH: searchPath() }) ?? undefined;
  const machine = rememberAnswers(live, cache, ffmpegPath);
  return {
    look: async () => lookAt(machine, await knownNodeTypes()),
    forget: () => machine.forget(),
    [Symbol.dispose]: () => live[Symbol.dispose](),
  };
}

/** This machine, every answer of which is asked for anew. */
export function openThisMachine(config: Config): Machine & Disposable {
  return openLiveMachine({
    proberCommand: [...selfCommand(config.emulator).command, "__prober"],
    searchPath: searchPath(),
    sandbox: async () => readSandboxStrength(config),
  });
}

/** `nodeTypes`: those that the machine runs. */
export async function lookAt(machine: Machine, nodeTypes: readonly string[]): Promise<BoardLook> {
  // Files show the host's processor where this program runs under an emulator.
  const found = await probeLinux(machine, machine.isRecorded ? {} : { arch: process.arch });
  const refined = await refineJetson(machine, await refineRaspberryPi(machine, found));
  const facts = withContainerMends(refined);
  const maxMemoryMb = Math.min(facts.memory.totalBytes / 2 ** 20, mostNodeMemoryMb);
  return {
    facts,
    statement: describeCapabilities(facts, { nodeTypes, sessions: 0, queueMs: 0, maxMemoryMb }),
  };
}

/** A WASM memory has addresses of 32 bits. */
const mostNodeMemoryMb = 4096;

/** Imported late: whoever only reads a recording doesn't wait for it. */
export async function knownNodeTypes(): Promise<string[]> {
  const { builtinDescriptors } = await import("./builtin-nodes.ts");
  return [...builtinDescriptors().map(({ name }) => name), ...nativeNames];
}
