// `remotemedia nodes`: the built-in node types, or one in full.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { builtinDescriptors } from "../main/builtin-nodes.ts";
import { nativeDescriptors } from "../native/native-nodes.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { Call } from "./command.ts";
import { formatNode } from "./node-sheet.ts";
import { formatTable } from "./table.ts";

export async function executeNodes({ operands: [name], flag, terminal }: Call): Promise<number> {
  const nodes = [...builtinDescriptors(), ...nativeDescriptors()];
  const shown = name === undefined ? nodes : findNode(nodes, name);
  if (flag("json")) terminal.print(JSON.stringify(Array.isArray(shown) ? { nodes: shown } : shown, null, 2));
  else if ("name" in shown) terminal.print(formatNode(shown).join("\n"));
  else terminal.print(formatList(shown).join("\n"));
  return 0;
}

function findNode(nodes: readonly NodeDescriptor[], name: string): NodeDescriptor {
  const found = nodes.find((node) => node.name === name);
  if (found !== undefined) return found;
  const near = nearestName(
    name,
    nodes.map((node) => node.name),
  );
  throw new RemoteMediaError("node-unknown", `there is no built-in node type ${name}`, {
    hint: near === undefined ? "remotemedia nodes lists them" : `did you mean ${near}?`,
  });
}

function formatList(nodes: readonly NodeDescriptor[]): string[] {
  return formatTable(
    [
      { title: "node", text: ({ name }) => name },
      { title: "takes", text: ({ inputs }) => Object.keys(inputs).join(" ") },
      { title: "gives", text: ({ outputs }) => Object.keys(outputs).join(" ") },
      { title: "does", text: ({ summary }) => summary },
    ],
    nodes,
    "",
  );
}
