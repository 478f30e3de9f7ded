// How fast the demo's pipeline is against the sound it hears, on one core: parent and child share it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSink } from "../../agent/native/open-sinks.ts";
import { openSource } from "../../agent/native/open-source.ts";
import { checkout } from "../support/sandbox.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const runs = 5;
/** The clip is repeated to this length, so that the start doesn't count. */
const seconds = 900;

/** `binary` is the compiled program; time is the run's own, from the first frame to the last, by its report. */
export async function benchAudio(binary: string): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "remotemedia-bench-"));
  try {
    const input = join(folder, "long.wav");
    await writeLongClip(input);
    const speeds: number[] = [];
    for (let run = 0; run < runs; run++) {
      const report = join(folder, "report.json");
      const example = join(checkout, "examples/speech-gate");
      const command = [
        ...pinned(),
        binary,
        "run",
        example,
        "--input",
        input,
        "--output",
        join(folder, "out.ndjson"),
        "--report",
        report,
        "--quiet",
      ];
      await Bun.spawn(command, {
        stdout: "ignore",
        stderr: "inherit",
        env: { ...process.env, REMOTEMEDIA_HOME: folder },
      }).exited;
      speeds.push(seconds / ((await Bun.file(report).json()).wall_ms / 1000));
    }
    return [
      rowOf("audio", "the demo's pipeline, whole run on one core", "× real time", summarise(speeds), {
        atLeast: 200,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What holds a command to one core, where the machine has it. */
function pinned(): string[] {
  return Bun.which("taskset") === null ? [] : ["taskset", "-c", "0"];
}

/** The clip's samples again and again, by the program's own reader and writer. */
async function writeLongClip(path: string): Promise<void> {
  const decoder = { version: refuse, probe: refuse, decode: refuse };
  const clip = join(checkout, "examples/speech-gate/speech.wav");
  const source = await openSource({ path: clip, port: "in", kinds: ["audio"], frameMs: 1000 }, { decoder });
  const sink = await openSink({ path, node: "clip" });
  const frames = await Array.fromAsync(source.frames(new AbortController().signal));
  for (let second = 0; second < seconds; second++) await sink.write(frames[second % (frames.length - 1)]!);
  await sink.close();
}

function refuse(): never {
  throw new TypeError("a WAV needs no decoder");
}
