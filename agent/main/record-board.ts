// recordThisBoard: what probes read of this machine, as a folder that can be probed elsewhere.
import { writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { openRecordedMachine } from "../../platform/linux/recorded-machine.ts";
import { recordBoard } from "../../platform/linux/recording-machine.ts";
import type { Config } from "../config/config.ts";
import { type BoardLook, knownNodeTypes, lookAt, openThisMachine } from "./probe-board.ts";

/** Looks at this machine, and writes what was looked at to a new folder, with its statement. Serial numbers, addresses and names are
 * left out. @returns what was found here, and how many files were written. @throws RemoteMediaError `output-failed` */
export async function recordThisBoard(
  config: Config,
  folder: string,
): Promise<BoardLook & { readonly fileCount: number }> {
  using machine = openThisMachine(config);
  const recorder = recordBoard(machine);
  const look = await lookAt(recorder.machine, await knownNodeTypes());
  const files = await recorder.save(folder, { host: hostname(), user: userName() });
  // The golden statement is the record's: it has nothing of this machine that the record hasn't.
  const { statement } = await lookAt(await openRecordedMachine(folder), []);
  await writeFile(join(folder, "statement.json"), `${JSON.stringify(statement, undefined, 2)}\n`);
  return { ...look, fileCount: files.length + 1 };
}

/** Undefined where the user has no name, as in some containers. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
