// A text socket that holds the other end to its bounds, whoever opened it.
import type { TextSocket } from "../contract/text-socket.ts";

/** A message; a larger one ends the socket. */
export const maxTextBytes = 256 * 1024;
/** What may wait to be sent. */
export const maxBacklogBytes = 1024 * 1024;
/** What may wait for a listener. */
const maxKeptTexts = 64;

interface Wire {
  /** False where it couldn't: then the socket is closed. */
  send(text: string): boolean;
  close(): void;
}

export class BoundedSocket implements TextSocket {
  readonly remoteAddress: string;
  readonly #wire: Wire;
  readonly #kept: string[] = [];
  readonly #closes: (() => void)[] = [];
  #listener: ((text: string) => void) | undefined;
  #isOpen = true;

  constructor(remoteAddress: string, wire: Wire) {
    this.remoteAddress = remoteAddress;
    this.#wire = wire;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string): void {
    if (this.#isOpen && !this.#wire.send(text)) this.close();
  }

  onText(listener: (text: string) => void): void {
    this.#listener = listener;
    for (const text of this.#kept.splice(0)) this.guard(() => listener(text));
  }

  onClose(listener: () => void): void {
    if (this.#isOpen) this.#closes.push(listener);
    else queueMicrotask(listener);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#wire.close();
    this.ended();
  }

  /** A message came, attacker-controlled; one that isn't text ends the socket. */
  came(message: unknown): void {
    if (!this.#isOpen) return;
    const listener = this.#listener;
    if (typeof message !== "string" || message.length > maxTextBytes) this.close();
    else if (listener !== undefined) this.guard(() => listener(message));
    else if (this.#kept.length < maxKeptTexts) this.#kept.push(message);
    else this.close();
  }

  /** Idempotent. */
  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#kept.length = 0;
    for (const listener of this.#closes.splice(0)) this.guard(listener);
  }

  /** What a listener throws closes this socket and nothing else. */
  guard(act: () => void): void {
    try {
      act();
    } catch {
      this.close();
    }
  }
}
