// Real children pass the ChildSpawner suite.
import { join } from "node:path";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { describeChildSpawner } from "../../conformance/child-spawner.ts";

describeChildSpawner("the process adapter", (behaviour) =>
  createChildSpawner({
    command: [process.execPath, join(import.meta.dirname, "fixtures/child.ts"), behaviour],
    capAddressSpace: true,
  }),
);
