// The machines of a mesh, each a home of its own; agents on them run, and are reached by address, as on machines apart.
import { writeFileSync } from "node:fs";
import type { StatusDocument } from "../../agent/web/control-documents.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type Ended, type RunningProgram, Scratch } from "./program.ts";

export interface DeviceOptions {
  /** The words that start the program; default: its source. */
  readonly program?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DeviceAgent extends RunningProgram {
  /** Where its signalling listens. */
  readonly url: string;
}

/** A machine, as far as the program knows. Its agents are killed at the end. */
export class Device implements AsyncDisposable {
  readonly name: string;
  readonly scratch = new Scratch();
  readonly #options: DeviceOptions;
  readonly #agents: RunningProgram[] = [];

  constructor(name: string, options: DeviceOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  start(words: readonly string[], stdin = ""): RunningProgram {
    return this.scratch.start(words, stdin, this.#options);
  }

  run(...words: readonly string[]): Promise<Ended> {
    return this.start(words).ended;
  }

  /** Its stdout. @throws RemoteMediaError `internal` where it doesn't end well */
  async ok(...words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...words);
    if (exitCode === 0) return stdout;
    const what = `${this.name}: ${words.join(" ")} ended with ${exitCode}: ${stderr}`;
    throw new RemoteMediaError("internal", what);
  }

  /** Resolves once it is up. `settings` of its file; it listens on a free port of this machine where they don't say. */
  async startAgent(settings: object = {}, host = "127.0.0.1"): Promise<DeviceAgent> {
    const file = this.scratch.file("agent.json");
    const listen = { host, port: 0 };
    writeFileSync(file, JSON.stringify({ name: this.name, discovery: false, listen, ...settings }));
    const agent = this.start(["agent", "--config", file]);
    this.#agents.push(agent);
    await agent.told(" is up");
    const port = (await this.status()).listen?.port;
    return { ...agent, url: `ws://${host}:${port}` };
  }

  async status(): Promise<StatusDocument> {
    return JSON.parse(await this.ok("status", "--json"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) {
      agent.process.kill("SIGKILL");
      await agent.process.exited;
    }
    this.scratch[Symbol.dispose]();
  }
}

/** Makes the device the owner of a new mesh. */
export async function createMesh(owner: Device, name = "home"): Promise<void> {
  await owner.ok("mesh", "create", name, "--name", owner.name);
}

/** The owner lets another device in. */
export async function admit(owner: Device, other: Device, role = "execute"): Promise<void> {
  const request = owner.scratch.file(`${other.name}.request`);
  writeFileSync(request, await other.ok("mesh", "request"));
  const membership = other.scratch.file("membership");
  await owner.ok("mesh", "admit", request, "--role", role, "--name", other.name, "-o", membership);
  await other.ok("mesh", "join", membership);
}
