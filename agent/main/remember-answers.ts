// A machine whose slow answers are asked for once: FFmpeg's lists for as long as its file stays as it is, devices until one comes or goes.
import { stat } from "node:fs/promises";
import type { BlobCache } from "../../platform/contract/blob-cache.ts";
import type { Answer, AskedProgram, Machine, RefusalCode } from "../../platform/contract/machine.ts";

export interface RememberingMachine extends Machine {
  /** Devices may have changed: they are asked anew. */
  forget(): void;
}

/** Programs whose answers change while no device does. */
const fresh: readonly AskedProgram[] = ["nvidia-smi", "vcgencmd"];

/** Refusals that end without any device coming or going. */
const passing: readonly RefusalCode[] = ["busy", "timed-out"];

/** `ffmpegPath`: the file that `run("ffmpeg", …)` starts; its answers are also kept in `cache`, from one process to the next. */
export function rememberAnswers(
  machine: Machine,
  cache: BlobCache,
  ffmpegPath: string | undefined,
): RememberingMachine {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const found = known.get(key) as Promise<Answer<T>> | undefined;
    if (found !== undefined) return found;
    const answer = ask();
    known.set(key, answer);
    void answer.then((said) => {
      if (!said.ok && passing.includes(said.code)) known.delete(key);
    });
    return answer;
  };
  const run = (program: AskedProgram, args: readonly string[]) =>
    program === "ffmpeg" && ffmpegPath !== undefined
      ? askThroughCache(cache, ffmpegPath, args, () => machine.run(program, args))
      : machine.run(program, args);
  return {
    ...machine,
    get time() {
      return machine.time;
    },
    run: (program, args) =>
      fresh.includes(program)
        ? machine.run(program, args)
        : once(JSON.stringify([program, ...args]), () => run(program, args)),
    videoDevice: (path) => once(path, () => machine.videoDevice(path)),
    pcmDevice: (path) => once(path, () => machine.pcmDevice(path)),
    forget: () => known.clear(),
  };
}

/** Whatever goes wrong with the cache, the program is asked. */
async function askThroughCache(
  cache: BlobCache,
  path: string,
  args: readonly string[],
  ask: () => Promise<Answer<string>>,
): Promise<Answer<string>> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return ask();
  const identity = JSON.stringify([path, file.size, file.mtimeMs, file.ino, ...args]);
  const key = new Bun.CryptoHasher("sha256").update(identity).digest("hex");
  const kept = await cache.get(key);
  if (kept !== undefined) return { ok: true, value: new TextDecoder().decode(kept) };
  const answer = await ask();
  if (answer.ok) await cache.put(key, new TextEncoder().encode(answer.value));
  return answer;
}
