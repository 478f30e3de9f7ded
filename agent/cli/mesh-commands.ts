// The command about membership of a mesh: what it takes, for parsing and for help.
import type { Command } from "./command.ts";

export const meshCommands: readonly Command[] = [
  {
    name: "mesh",
    summary: "Create a mesh, admit devices to it, join and leave one.",
    operands: [
      { name: "create|request|admit|join|show|leave", required: true },
      { name: "NAME|FILE", required: false },
    ],
    options: {
      role: {
        value: "ROLE",
        many: true,
        help: "admit: what the device may do: capture, execute, deploy, view; several by commas.",
      },
      name: {
        value: "NAME",
        help: "admit, create, request: what the device is called (default: the machine's name).",
      },
      days: { value: "DAYS", help: "admit, create: how long the membership holds (default 365)." },
      mesh: { value: "NAME", help: "admit: the mesh, where more than one was created here." },
      output: { value: "FILE", short: "o", help: "request, admit: the file to write (default: stdout)." },
      "passphrase-file": {
        value: "FILE",
        help: "create, admit: the root key's passphrase, in the first line of this file.",
      },
    },
    notes: [
      "create NAME makes the mesh's root key in $REMOTEMEDIA_HOME/mesh/NAME.key, and this device its first member. Who has that key decides who belongs to the mesh: it stays on the owner's machine. With a passphrase (--passphrase-file, or REMOTEMEDIA_PASSPHRASE) it is encrypted.",
      "request prints what a device asks to be signed; admit FILE, on the owner's machine, signs it; join FILE, on the device, verifies and keeps the membership. FILE may be - for stdin. None of the files is a secret. show shows the device and its meshes; leave [NAME] forgets one.",
      "Roles: capture and deploy may have nodes run by others, execute runs nodes for others, view may look.",
      "Exit: 0 done, 1 the disk failed, 2 refused (usage, a key), 3 refused by trust (a request or a membership that doesn't hold).",
    ],
    examples: [
      "remotemedia mesh create home",
      "remotemedia mesh request -o kitchen.request",
      "remotemedia mesh admit kitchen.request --role capture,execute -o kitchen.membership",
      "remotemedia mesh join kitchen.membership",
      "remotemedia mesh show",
    ],
    load: async () => (await import("./mesh-command.ts")).executeMesh,
  },
];
