// What happened to a stage that may run elsewhere, as a line of the agent's log.
import type { OffloadEvent } from "../offload/candidate.ts";
import type { AgentLog } from "./running-agent.ts";

export function describeOffloadEvent(event: OffloadEvent): Pick<AgentLog, "level" | "message"> {
  switch (event.kind) {
    case "opened":
      return { level: "info", message: `runs on ${event.name}` };
    case "lost": {
      const rest = event.replayed === 0 ? "" : `; frames that go elsewhere: ${event.replayed}`;
      return { level: "warning", message: `${event.name} is lost: ${event.message} [${event.code}]${rest}` };
    }
    case "suspected":
      return {
        level: "info",
        message: `${event.name} has said nothing for a while; others are asked as well`,
      };
    case "gap":
      return {
        level: "warning",
        message: `${event.calls} frames were lost with ${event.name}; its state begins anew`,
      };
    case "failed":
      return { level: "warning", message: `${event.failure.message} [${event.failure.code}]` };
  }
}
