// Looks at a machine as `remotemedia probe` does, without a process of its own.
import { describeCapabilities } from "../../agent/capability/describe-capabilities.ts";
import type { CapabilityStatement } from "../../agent/capability/statement.ts";
import type { BoardFacts } from "../../platform/contract/board-facts.ts";
import type { Machine } from "../../platform/contract/machine.ts";
import { refineJetson } from "../../platform/jetson/refine-jetson.ts";
import { withContainerMends } from "../../platform/linux/container-mends.ts";
import { probeLinux } from "../../platform/linux/probe-linux.ts";
import { refineRaspberryPi } from "../../platform/raspberrypi/refine-raspberry-pi.ts";

export async function lookAt(
  machine: Machine,
): Promise<{ facts: BoardFacts; statement: CapabilityStatement }> {
  const found = await probeLinux(machine);
  const facts = withContainerMends(await refineJetson(machine, await refineRaspberryPi(machine, found)));
  const maxMemoryMb = Math.min(facts.memory.totalBytes / 2 ** 20, 4096);
  const statement = describeCapabilities(facts, { nodeTypes: [], sessions: 0, queueMs: 0, maxMemoryMb });
  return { facts, statement };
}
