// A way to a process that sends back what it is given: what the offload is measured beside.
import { join } from "node:path";
import { RemoteMediaError } from "../../../platform/base/error.ts";

/** Sends bytes and has them back. Several may be on their way; they come back in order. */
export interface EchoWay {
  readonly name: string;
  /** Resolves when the same number of bytes has come back. */
  echo(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** The other process. */
  readonly pid: number;
}

export type EchoKind = "raw" | "mqtt" | "grpc" | "offload";

/** The other process. Messages go over Bun's IPC. */
export interface EchoPeer {
  send(message: unknown): void;
  /** The next message that nobody has taken. */
  next(): Promise<unknown>;
  onMessage(listener: (message: unknown) => void): void;
  readonly pid: number;
  kill(): void;
}

export function startEchoPeer(kind: EchoKind, ...words: readonly string[]): EchoPeer {
  const heard: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;
  const deliver = (message: unknown) => {
    if (listener === undefined) heard.push(message);
    else listener(message);
  };
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, "echo-peer.ts"), kind, ...words], {
    ipc: deliver,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const onMessage = (given: (message: unknown) => void) => {
    listener = given;
    for (const message of heard.splice(0)) given(message);
  };
  return {
    pid: child.pid,
    send: (message) => child.send(message),
    onMessage,
    next: () =>
      new Promise((resolve, reject) => {
        child.exited.then((code) =>
          reject(new RemoteMediaError("internal", `the echoing process ended with ${code}`)),
        );
        onMessage((message) => {
          listener = undefined;
          resolve(message);
        });
      }),
    kill: () => child.kill("SIGKILL"),
  };
}

/** Counts bytes that come back against those that went out, in order. */
export class EchoLedger {
  readonly #waiting: { bytes: number; resolve: () => void }[] = [];
  #came = 0;

  expect(bytes: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  came(bytes: number): void {
    this.#came += bytes;
    while (this.#waiting.length > 0 && this.#came >= this.#waiting[0]!.bytes) {
      const { bytes: done, resolve } = this.#waiting.shift()!;
      this.#came -= done;
      resolve();
    }
  }
}
