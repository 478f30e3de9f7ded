// The commands: what each takes, for parsing and for help. Executing one is imported when it is asked for.
import { agentCommands } from "./agent-commands.ts";
import type { Command } from "./command.ts";
import { meshCommands } from "./mesh-commands.ts";
import { packageCommands } from "./package-commands.ts";
import { registryOptions, trustOptions, unsignedOption } from "./package-options.ts";

const pipeline = { name: "PIPELINE", required: true };
const set = {
  value: "NODE.PARAM=JSON",
  many: true,
  help: "Replace a param of the manifest; the value is JSON.",
};

export const commands: readonly Command[] = [
  {
    name: "run",
    summary: "Run a pipeline to the end of its input, or until interrupted.",
    operands: [pipeline],
    options: {
      input: {
        value: "FILE",
        many: true,
        help: "Feed an open input: any file FFmpeg reads, WAV, .json (an item a frame), .ndjson, or - for NDJSON on stdin. Several inputs: NODE.PORT=FILE.",
      },
      output: {
        value: "FILE",
        many: true,
        help: "Write open outputs: .wav, .ndjson, .json, or - for NDJSON on stdout, which is the default. Some of several: NODE.PORT=FILE.",
      },
      live: {
        value: "SOURCE",
        many: true,
        help: "Feed an open input from a device: camera, microphone, screen, each with :DEVICE if there are several, rtsp://…, or synthetic. Several inputs: NODE.PORT=SOURCE.",
      },
      set,
      report: { value: "FILE", help: "Write a JSON report of the run, also when it fails." },
      raw: {
        help: "In NDJSON and JSON give every frame its bytes, in base64, not only their size and digest.",
      },
      duration: { value: "SECONDS", help: "Drain after so many seconds, as the first interrupt does." },
      ...trustOptions,
      ...unsignedOption,
      ...registryOptions,
      local: { help: "Run every node on this machine, which is what is done without --peer." },
      peer: {
        value: "URL",
        many: true,
        help: "A peer of your mesh that may run nodes: ws://HOST:PORT of its agent.",
      },
    },
    notes: [
      "PIPELINE is a manifest, a folder with a manifest.json or pipeline.json, or a package: an .rmpkg, oci://HOST/REPOSITORY:TAG or …@sha256:DIGEST. A package must be signed by somebody whom --key or trust.json names; one that is in the store runs by its digest without network. Frames go to stdout or to files; progress, logs and the summary to stderr.",
      "The first Ctrl-C (or SIGTERM) drains: inputs end, what was read is finished, exit 0. The second stops at once, exit 1.",
      'With --json, stderr gets a JSON object a line: {"log":…}, {"notice":…}, {"event":…} when a device is lost or found, {"report":…} when the run has ended, and {"error":…} last if it failed.',
      "A reader of stdout that has seen enough (| head) ends the run quietly with exit 0.",
      "Exit: 0 done, 1 ran and failed, 2 refused before running, 3 refused by trust, 4 nobody could run it, 70 a defect of ours.",
    ],
    examples: [
      "remotemedia run examples/calculator --input examples/calculator/input.json",
      "remotemedia run pipeline.json --input speech.wav --output vad.events=events.ndjson --report report.json",
      "remotemedia run pipeline.json --input in.json --set mul.factor=3",
      "remotemedia run examples/mic-level --live microphone --duration 10",
      "remotemedia run oci://localhost:5000/doorbell:1 --key alice.pub --live microphone",
    ],
    load: async () => (await import("./run-command.ts")).executeRun,
  },
  {
    name: "validate",
    summary: "Check everything about a pipeline that can be checked without running it.",
    operands: [pipeline],
    options: {
      live: { value: "SOURCE", many: true, help: "As run takes it: check the pipeline with that source." },
      set,
      explain: {
        help: "Also show every machine that was considered for each node, its score and the reason.",
      },
      peer: { value: "URL", many: true, help: "As run takes it: consider that peer too." },
      ...trustOptions,
      ...unsignedOption,
      ...registryOptions,
    },
    notes: [
      "Checks the manifest, the graph, ports, params, modules and limits, and shows where each node would run. Every mistake is told with its line and column, not only the first.",
    ],
    examples: [
      "remotemedia validate examples/calculator",
      "remotemedia validate pipeline.json --json",
      "remotemedia validate examples/calculator --explain",
    ],
    load: async () => (await import("./validate-command.ts")).executeValidate,
  },
  ...packageCommands,
  {
    name: "nodes",
    summary: "List the built-in node types; show one with its ports, params and limits.",
    operands: [{ name: "NAME", required: false }],
    options: {},
    notes: [],
    examples: ["remotemedia nodes", "remotemedia nodes MultiplyNode"],
    load: async () => (await import("./nodes-command.ts")).executeNodes,
  },
  {
    name: "probe",
    summary: "Say what this machine is and can do, and why what is missing is missing.",
    operands: [],
    options: {
      root: {
        value: "DIR",
        help: "Look at a recorded board (scripts/record-board), or at the root of a board's file system, instead of this machine.",
      },
      record: {
        value: "DIR",
        help: "Also write what was looked at into a new folder that --root takes elsewhere; without serial numbers, addresses and names.",
      },
      watch: {
        help: "Say it again each time that it has changed, at most once a second, until interrupted.",
      },
    },
    notes: [
      "With --json, the capability statement: one document, or with --watch one a line. Nothing is configured by hand: cameras, microphones, GPUs, codecs and the rest are found.",
    ],
    examples: ["remotemedia probe", "remotemedia probe --json", "remotemedia probe --watch"],
    load: async () => (await import("./probe-command.ts")).executeProbe,
  },
  {
    name: "doctor",
    summary: "Say what is missing or weak on this machine, with the mend for each.",
    operands: [],
    options: {},
    notes: ["Exit 0 when nothing is missing that run needs, else 1."],
    examples: ["remotemedia doctor", "remotemedia doctor --json"],
    load: async () => (await import("./doctor-command.ts")).executeDoctor,
  },
  ...agentCommands,
  ...meshCommands,
];

/** Commands that are known by name and come later: they are refused as such, not as slips of the finger. */
export const laterCommands: readonly string[] = ["pair", "fleet", "dev"];
