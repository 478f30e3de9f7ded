// Network namespaces joined by a bridge that delays and loses packets: peers on machines of their own, as far as they can tell.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Way, WayChange } from "./network-way.ts";

export interface NamespacesOptions {
  /** One namespace each, at 10.77.0.1 and so on. */
  readonly names: readonly string[];
  /** Of every direction at first: a round trip has the delay twice, and the loss as well. */
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  /** Of the chance by which packets are lost; default 1. */
  readonly seed?: number;
}

export interface Namespaces extends AsyncDisposable {
  /** The IPv4 address of a namespace. */
  address(name: string): string;
  /** The words before a command that runs it in a namespace: `[...prefix(name), ...argv]`. */
  prefix(name: string): readonly string[];
  /** Starts a process in a namespace; it is killed when the namespaces end. */
  inNamespace(name: string, argv: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Changes both directions between two namespaces; holds when it resolves. */
  shape(a: string, b: string, way: Partial<Way>): Promise<void>;
  /** Loses everything between a namespace and all others, or one other. */
  cut(name: string, other?: string): Promise<void>;
  heal(name: string, other?: string): Promise<void>;
  /** Lets an address be reachable and never answer, as a firewall does that drops. */
  blackhole(name: string, address: string): void;
}

const prefix = "remotemedia-test-";

/** Why this machine can't have namespaces, for the reason of a skip; undefined where it can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "there is no /dev/net/tun";
  }
  const name = `${prefix}${process.pid}-try`;
  const added = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (added.error !== undefined) return "there is no ip (package iproute2)";
  if (added.status !== 0) return `a network namespace can't be made: ${added.stderr.trim()}`;
  const entered = spawnSync("ip", ["netns", "exec", name, "true"], { encoding: "utf8" });
  spawnSync("ip", ["netns", "del", name]);
  return entered.status === 0 ? undefined : `a network namespace can't be entered: ${entered.stderr.trim()}`;
}

let opened = 0;

/** Makes the namespaces and their bridge. What an earlier process left behind is taken away first. */
export async function openNamespaces(options: NamespacesOptions): Promise<Namespaces> {
  removeStale();
  opened += 1;
  const { names, delayMs = 0, jitterMs = 0, loss = 0, seed = 1 } = options;
  const ports = names.map((name, place) => ({
    name,
    namespace: `${prefix}${process.pid}-${opened}-${name}`,
    device: `rm${process.pid}.${opened}.${place}`,
    address: `10.77.0.${place + 1}`,
    mac: `02:00:00:00:00:${(place + 1).toString(16).padStart(2, "0")}`,
  }));
  const way: Way = { delayMs, jitterMs, loss, isCut: false };
  const bridge = await startBridge([String(seed), JSON.stringify(way), ...ports.map(({ device }) => device)]);
  try {
    for (const port of ports) setUp(port, ports);
  } catch (cause) {
    bridge.child.kill("SIGKILL");
    for (const { namespace } of ports) remove(namespace);
    throw cause;
  }
  return new OpenNamespaces(ports, bridge);
}

interface Port {
  readonly name: string;
  readonly namespace: string;
  readonly device: string;
  readonly address: string;
  readonly mac: string;
}

interface Bridge {
  readonly child: ChildProcess;
  /** The bridge's next line. */
  readonly answer: () => Promise<string>;
  readonly ended: Promise<void>;
}

class OpenNamespaces implements Namespaces {
  readonly #ports: readonly Port[];
  readonly #bridge: Bridge;
  readonly #children = new Set<ChildProcess>();

  constructor(ports: readonly Port[], bridge: Bridge) {
    this.#ports = ports;
    this.#bridge = bridge;
  }

  address(name: string): string {
    return this.#portOf(name).address;
  }

  prefix(name: string): readonly string[] {
    return ["ip", "netns", "exec", this.#portOf(name).namespace];
  }

  inNamespace(
    name: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const [program = "", ...rest] = [...this.prefix(name), ...argv];
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  async shape(a: string, b: string, way: Partial<Way>): Promise<void> {
    const [from, to] = [this.#placeOf(a), this.#placeOf(b)];
    await this.#tell([
      { from, to, way },
      { from: to, to: from, way },
    ]);
  }

  async cut(name: string, other?: string): Promise<void> {
    for (const each of this.#othersOf(name, other)) await this.shape(name, each, { isCut: true });
  }

  async heal(name: string, other?: string): Promise<void> {
    for (const each of this.#othersOf(name, other)) await this.shape(name, each, { isCut: false });
  }

  blackhole(name: string, address: string): void {
    // A neighbour that no port has: what is sent to it leaves, and the bridge loses it.
    const { namespace } = this.#portOf(name);
    ip(["-n", namespace, "route", "replace", `${address}/32`, "dev", "eth0"]);
    ip([
      "-n",
      namespace,
      "neigh",
      "replace",
      address,
      "lladdr",
      "02:00:00:00:00:ff",
      "dev",
      "eth0",
      "nud",
      "permanent",
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    this.#bridge.child.kill("SIGKILL");
    await this.#bridge.ended;
    for (const { namespace } of this.#ports) remove(namespace);
  }

  #othersOf(name: string, other: string | undefined): string[] {
    if (other !== undefined) return [other];
    return this.#ports.filter((port) => port.name !== name).map((port) => port.name);
  }

  async #tell(changes: readonly WayChange[]): Promise<void> {
    const answer = this.#bridge.answer();
    this.#bridge.child.stdin?.write(`${JSON.stringify(changes)}\n`);
    if ((await answer) !== "done")
      throw new RemoteMediaError("internal", "The bridge between the namespaces has ended.");
  }

  #placeOf(name: string): number {
    const place = this.#ports.findIndex((port) => port.name === name);
    if (place < 0) throw new RemoteMediaError("internal", `There is no namespace "${name}".`);
    return place;
  }

  #portOf(name: string): Port {
    return this.#ports[this.#placeOf(name)] as Port;
  }
}

async function startBridge(args: readonly string[]): Promise<Bridge> {
  const program = fileURLToPath(new URL("network-bridge.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let isOver = false;
  const give = (line: string) => {
    const next = waiting.shift();
    if (next === undefined) lines.push(line);
    else next(line);
  };
  child.stdin?.on("error", () => undefined);
  child.stdout?.on("data", (bytes: Buffer) => {
    for (const line of bytes.toString().split("\n")) if (line !== "") give(line);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      isOver = true;
      for (const next of waiting.splice(0)) next("over");
      resolve();
    });
  });
  const answer = () => {
    const line = lines.shift() ?? (isOver ? "over" : undefined);
    return line === undefined
      ? new Promise<string>((resolve) => waiting.push(resolve))
      : Promise.resolve(line);
  };
  if ((await answer()) !== "ready")
    throw new RemoteMediaError("internal", "The bridge between the namespaces doesn't start.");
  return { child, answer, ended };
}

function setUp(port: Port, all: readonly Port[]): void {
  const { namespace, device, address, mac } = port;
  ip(["netns", "add", namespace]);
  // One address family is enough, and the other's first seconds are spent on looking for duplicates.
  spawnSync("ip", [
    "netns",
    "exec",
    namespace,
    "sh",
    "-c",
    "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
  ]);
  ip(["link", "set", device, "netns", namespace]);
  const others = all.filter((other) => other !== port);
  const commands = [
    `link set ${device} name eth0`,
    `link set eth0 address ${mac}`,
    "link set lo up",
    "link set eth0 up",
    `addr add ${address}/24 brd + dev eth0`,
    "route add default dev eth0",
    // Known beforehand: a lost question for an address would cost a second, which is no peer's fault.
    ...others.map((other) => `neigh add ${other.address} lladdr ${other.mac} dev eth0 nud permanent`),
  ];
  execFileSync("ip", ["-n", namespace, "-batch", "-"], {
    input: `${commands.join("\n")}\n`,
    stdio: ["pipe", "ignore", "pipe"],
  });
}

function ip(args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Ends what still runs in a namespace, and the namespace. */
function remove(namespace: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" });
  for (const pid of (stdout ?? "").split("\n").filter((line) => line !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  spawnSync("ip", ["netns", "del", namespace]);
}

/** Namespaces of test processes that are gone. */
function removeStale(): void {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const line of (stdout ?? "").split("\n")) {
    const [, namespace, pid] = /^(remotemedia-test-(\d+)-\S+)/.exec(line) ?? [];
    if (namespace !== undefined && pid !== undefined && !existsSync(`/proc/${pid}`)) remove(namespace);
  }
}
