// Passphrases from whoever sits at the terminal: without echo, and with the terminal as it was before, however the asking ends.
import { StringDecoder } from "node:string_decoder";
import type { ReadStream } from "node:tty";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { exitCodes } from "../../platform/base/error-codes.ts";
import type { Terminal } from "./terminal.ts";

/** Where keys come from: a terminal whose echo can be turned off, as `process.stdin` may be one. */
export type Keyboard = Pick<ReadStream, "isTTY" | "setRawMode" | "on" | "off" | "resume" | "pause">;

export interface AskingParts {
  readonly keyboard: Keyboard;
  /** Ends the process. */
  readonly leave: (exitCode: number) => void;
}

const thisProcess = (): AskingParts => ({
  keyboard: process.stdin,
  leave: (exitCode) => process.exit(exitCode),
});

/** Asks one after the other; what was typed ahead isn't lost. Ctrl-C, and signals that end a process, end this one with 1.
 * @throws RemoteMediaError `usage` where nobody is there to be asked, or where input ends */
export async function askPassphrases(
  prompts: readonly string[],
  terminal: Terminal,
  { keyboard, leave }: AskingParts = thisProcess(),
): Promise<string[]> {
  if (!keyboard.isTTY || !terminal.isTerminal("stderr")) {
    throw new RemoteMediaError(
      "usage",
      "the key needs a passphrase, and there is no terminal to ask for it",
      {
        hint: "give it with --passphrase-file FILE, or in REMOTEMEDIA_PASSPHRASE",
      },
    );
  }
  const restore = (): void => {
    keyboard.setRawMode(false);
  };
  const giveUp = (): void => {
    restore();
    terminal.tell("");
    leave(exitCodes.io);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, giveUp);
  // The terminal outlives us: a defect that ends this process must give it its echo back, too.
  process.on("exit", restore);
  const typist = new Typist(keyboard, giveUp);
  try {
    keyboard.setRawMode(true);
    const answers: string[] = [];
    for (const prompt of prompts) {
      terminal.ask(`${prompt}: `);
      answers.push(await typist.readLine());
      terminal.tell("");
    }
    return answers;
  } finally {
    typist.stop();
    restore();
    process.off("exit", restore);
    for (const signal of signals) process.off(signal, giveUp);
  }
}

const maxCharacters = 1024;

/** Lines of a raw terminal, with the editing that a terminal does otherwise. */
class Typist {
  readonly #keyboard: Keyboard;
  readonly #interrupt: () => void;
  readonly #decoder = new StringDecoder("utf8");
  /** Keys that no line has taken yet. */
  #ahead: string[] = [];
  #isOver = false;
  #wake = (): void => {};

  constructor(keyboard: Keyboard, interrupt: () => void) {
    this.#keyboard = keyboard;
    this.#interrupt = interrupt;
    keyboard.on("data", this.#onData);
    keyboard.on("end", this.#onEnd);
    keyboard.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    // An arrow or another key that sends a sequence is none of a passphrase's.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what keys send
    const text = this.#decoder.write(chunk).replaceAll(/\u001b(?:\[[0-9;?]*[ -/]*[@-~]|O.)?/g, "");
    if (text.includes("\u0003")) this.#interrupt();
    else this.#ahead.push(...text);
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#isOver = true;
    this.#wake();
  };

  async readLine(): Promise<string> {
    const line: string[] = [];
    for (;;) {
      const key = this.#ahead.shift();
      if (key === undefined) {
        if (this.#isOver) throw noPassphrase();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (key === "\r" || key === "\n") return line.join("");
      else if (key === "\u0004") {
        if (line.length === 0) throw noPassphrase();
        return line.join("");
      } else if (key === "\u007f" || key === "\b") line.pop();
      else if (key === "\u0015") line.length = 0;
      else if (key >= " " && line.length < maxCharacters) line.push(key);
    }
  }

  stop(): void {
    this.#keyboard.off("data", this.#onData);
    this.#keyboard.off("end", this.#onEnd);
    this.#keyboard.pause();
  }
}

function noPassphrase(): RemoteMediaError {
  return new RemoteMediaError("usage", "no passphrase was given: input has ended");
}
