// The commands about the agent of this machine: what each takes, for parsing and for help.
import type { Command, OptionSpec } from "./command.ts";

const config = {
  config: {
    value: "FILE",
    help: "The agent's file (default agent.json in $REMOTEMEDIA_HOME, which needn't be there).",
  },
} as const satisfies Record<string, OptionSpec>;

const askNote = "It asks the agent over its control socket; only the agent's own user may.";
const exitNote = "Exit: 0 done, 2 refused (usage, the agent's file), 4 no agent answers.";

export const agentCommands: readonly Command[] = [
  {
    name: "agent",
    summary: "Be a member of the mesh: run one's own pipelines, and nodes for others.",
    operands: [],
    options: {
      ...config,
      "print-config": {
        help: "Print a sample of the file with every setting; with --json, the settings that hold now.",
      },
    },
    notes: [
      "It runs until it is told to end. Logs go to stderr, a line each; with --json, a JSON object a line. Started by systemd, it tells when it is up, that it is alive, and when it ends (firmware-notes/systemd).",
      "The first Ctrl-C (or SIGTERM) drains: no new stages are taken, what is in flight is finished, for at most drain_timeout_s. The second stops at once.",
      "Exit: 0 drained, 1 stopped before all was finished, 2 refused (usage, the agent's file, one runs already), 3 refused by trust (membership), 70 a defect of ours.",
    ],
    examples: [
      "remotemedia agent",
      "remotemedia agent --config /etc/remotemedia/agent.json",
      "remotemedia agent --print-config",
    ],
    load: async () => (await import("./agent-command.ts")).executeAgent,
  },
  {
    name: "status",
    summary: "Show the agent that runs here: its mesh, its pipelines, and where each node runs, with why.",
    operands: [],
    options: config,
    notes: [askNote, exitNote],
    examples: ["remotemedia status", "remotemedia status --json"],
    load: async () => (await import("./status-command.ts")).executeStatus,
  },
  {
    name: "peers",
    summary: "Show the members of the mesh that the agent knows: what they can do, and how far they are.",
    operands: [],
    options: config,
    notes: [askNote, exitNote],
    examples: ["remotemedia peers", "remotemedia peers --json"],
    load: async () => (await import("./peers-command.ts")).executePeers,
  },
  {
    name: "top",
    summary:
      "Watch the running pipelines: frames, times and queues of each node, and the way between places.",
    operands: [],
    options: config,
    notes: [
      "On a terminal it draws anew each second, until Ctrl-C; elsewhere it prints once. With --json, a JSON document a line each second, until it is interrupted or its reader has seen enough.",
      askNote,
      exitNote,
    ],
    examples: ["remotemedia top", "remotemedia top --json"],
    load: async () => (await import("./top-command.ts")).executeTop,
  },
];
