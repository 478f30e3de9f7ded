// A mosquitto of the test's own, which may be killed and started again at the same port.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";

const program = Bun.which("mosquitto", { PATH: `${process.env["PATH"]}:/usr/sbin` });
export const isMosquittoHere = program !== null;

export interface Mosquitto extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** @param configure further lines of its configuration; `folder` is its own, which it may read */
export async function openMosquitto(
  configure: (folder: string) => readonly string[] | Promise<readonly string[]> = () => [
    "allow_anonymous true",
  ],
): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-mosquitto-"));
  const port = await freePort();
  const lines = [`listener ${port} 127.0.0.1`, "user root", ...(await configure(folder))];
  writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
  let child: ChildProcess | undefined;
  const kill = async () => {
    const dying = child;
    child = undefined;
    if (dying === undefined || dying.exitCode !== null) return;
    const gone = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill("SIGKILL");
    await gone;
  };
  const start = async () => {
    child = spawn(program ?? "mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
    await expect.poll(() => answers(port), { timeout: 10_000 }).toBe(true);
  };
  await start();
  const dispose = async () => {
    await kill();
    rmSync(folder, { recursive: true });
  };
  return { url: `mqtt://127.0.0.1:${port}`, folder, kill, start, [Symbol.asyncDispose]: dispose };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
