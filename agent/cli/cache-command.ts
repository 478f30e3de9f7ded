// `remotemedia cache`: the packages that are stored here, and how they go.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import type { PackageStore, SweepReport } from "../../platform/contract/package-store.ts";
import { loadConfig } from "../main/environment.ts";
import { PackageAccess } from "../main/package-access.ts";
import { type CacheListing, clearCache, listCache, pinPackage } from "../main/package-cache.ts";
import type { Call } from "./command.ts";
import { count, formatBytes } from "./quantity.ts";
import { formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

type Action = (call: Call, store: PackageStore) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  list: async (call, store) => tellListing(call, await listCache(store)),
  gc: async (call, store) => tellSweep(call, await store.sweep()),
  clear: async (call, store) => tellSweep(call, await clearCache(store, call.flag("force"))),
  pin: (call, store) => pin(call, store, true),
  unpin: (call, store) => pin(call, store, false),
};

export async function executeCache(call: Call): Promise<number> {
  const [name = "", reference] = call.operands;
  const action = Object.hasOwn(actions, name) ? actions[name]! : undefined;
  if (action === undefined) {
    const known = Object.keys(actions);
    const near = nearestName(name, known);
    throw new RemoteMediaError("usage", `cache: there is no ${name}`, {
      hint: near === undefined ? `there are ${known.join(", ")}` : `did you mean cache ${near}?`,
    });
  }
  const takesReference = name === "pin" || name === "unpin";
  if (takesReference !== (reference !== undefined)) {
    throw new RemoteMediaError(
      "usage",
      `cache ${name}: ${takesReference ? "REF is missing" : `one word too many: ${reference}`}`,
      {
        hint: "remotemedia cache --help shows what it takes",
      },
    );
  }
  await using access = new PackageAccess(await loadConfig());
  await action(call, await access.store());
  return 0;
}

function tellListing({ flag, terminal }: Call, { packages, size }: CacheListing): void {
  if (flag("json")) {
    terminal.print(JSON.stringify({ packages, size }, undefined, 2));
    return;
  }
  if (packages.length === 0) {
    terminal.print("the store is empty");
    return;
  }
  const table = formatTable(
    [
      { title: "name", text: (one) => oneLine(one.name) },
      { title: "digest", text: ({ digest }) => digest.slice("sha256:".length, "sha256:".length + 12) },
      { title: "size", right: true, text: (one) => formatBytes(one.size) },
      { title: "kept", text: ({ pins }) => oneLine(pins.join(", ")) },
      { title: "last used", text: ({ used }) => used.slice(0, 16).replace("T", " ") },
      { title: "reference", text: ({ references }) => oneLine(references.at(-1) ?? "") },
    ],
    packages,
    "",
  );
  terminal.print(table.join("\n"));
  if (!flag("quiet")) {
    terminal.tell(
      `${count(packages.length, "package")}, ${formatBytes(size)}: what packages share is counted once`,
    );
  }
}

function tellSweep({ flag, terminal }: Call, { packages, blobs, freedBytes }: SweepReport): void {
  terminal.print(
    flag("json")
      ? JSON.stringify({ packages, blobs, freed_bytes: freedBytes }, undefined, 2)
      : `removed ${count(packages.length, "package")} and ${count(blobs, "blob")}: ${formatBytes(freedBytes)} freed`,
  );
}

async function pin(
  { operands, flag, terminal }: Call,
  store: PackageStore,
  isPinned: boolean,
): Promise<void> {
  const { digest, name, pins } = await pinPackage(store, operands[1]!, isPinned);
  if (flag("json")) {
    terminal.print(JSON.stringify({ digest, name, pins }, undefined, 2));
    return;
  }
  const others = pins.length === 0 || isPinned ? "" : `, but kept still: ${oneLine(pins.join(", "))}`;
  terminal.print(`${isPinned ? "pinned" : "unpinned"} ${oneLine(name)} ${digest}${others}`);
}
