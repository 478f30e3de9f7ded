// Reads a message's fields one by one, each held to what it may be; what was not asked for is refused at the end.

import { RemoteMediaError } from "../../platform/base/error.ts";
import { isErrorCode } from "../../platform/base/error-codes.ts";
import { printable } from "../../platform/base/printable.ts";
import { protocolBounds } from "./bounds.ts";
import type { Credit, WireError } from "./control-message.ts";

/** A peer's message is not what it may be. */
export function peerInvalid(what: string): RemoteMediaError {
  return new RemoteMediaError("peer-invalid", `the peer sent ${what}`);
}

const utf8 = new TextEncoder();

/** Over one map that a peer sent. Every reading throws `peer-invalid`. */
export class FieldReader {
  readonly #what: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  #taken = 0;

  /** `what` is for the message, such as "a stage's opening". */
  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array)
      throw peerInvalid(`${what} that is no map`);
    this.#what = what;
    this.#fields = value as Record<string, unknown>;
  }

  /** Anything, also nothing. */
  any(name: string): unknown {
    if (!Object.hasOwn(this.#fields, name)) return undefined;
    this.#taken += 1;
    return this.#fields[name];
  }

  /** Text of at most `maxBytes` of UTF-8, as it came. */
  text(name: string, maxBytes: number = protocolBounds.textBytes): string {
    return this.#text(this.any(name), name, maxBytes);
  }

  optionalText(name: string, maxBytes: number = protocolBounds.textBytes): string | undefined {
    const value = this.any(name);
    return value === undefined ? undefined : this.#text(value, name, maxBytes);
  }

  /** Text for people: made printable. */
  words(name: string): string {
    return printable(this.text(name), protocolBounds.textBytes);
  }

  /** A whole number, 0 to `max`, at least `min`. */
  whole(name: string, max = Number.MAX_SAFE_INTEGER, min = 0): number {
    return this.#whole(this.any(name), name, max, min);
  }

  optionalWhole(name: string, max: number, min: number): number | undefined {
    const value = this.any(name);
    return value === undefined ? undefined : this.#whole(value, name, max, min);
  }

  /** A number from 0 to `max`, fractions too. */
  amount(name: string, max: number): number {
    const value = this.any(name);
    if (typeof value !== "number" || !(value >= 0 && value <= max)) throw this.#wrong(name);
    return value;
  }

  bytes(name: string, maxBytes: number): Uint8Array {
    const value = this.any(name);
    if (!(value instanceof Uint8Array) || value.length > maxBytes) throw this.#wrong(name);
    // A plain array of bytes, whatever class the decoder makes.
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }

  list(name: string, maxItems: number): readonly unknown[] {
    const value = this.any(name);
    if (!Array.isArray(value) || value.length > maxItems) throw this.#wrong(name);
    return value;
  }

  texts(name: string, maxItems: number): string[] {
    return this.list(name, maxItems).map((item) => this.#text(item, name, protocolBounds.textBytes));
  }

  wholes(name: string, maxItems: number, max: number): number[] {
    return this.list(name, maxItems).map((item) => this.#whole(item, name, max, 0));
  }

  credit(name: string): Credit {
    const fields = new FieldReader(this.any(name), `${this.#what} whose ${name}`);
    const credit = { frames: fields.whole("frames", maxCredit), bytes: fields.whole("bytes", maxCredit) };
    fields.end();
    return credit;
  }

  error(name: string): WireError {
    const fields = new FieldReader(this.any(name), `${this.#what} whose ${name}`);
    const code = fields.text("code");
    if (!isErrorCode(code)) throw this.#wrong(name);
    const error = { code, message: fields.words("message") };
    fields.end();
    return error;
  }

  optionalError(name: string): WireError | undefined {
    return Object.hasOwn(this.#fields, name) ? this.error(name) : undefined;
  }

  /** Refuses fields that nobody took. */
  end(): void {
    if (Object.keys(this.#fields).length !== this.#taken)
      throw peerInvalid(`${this.#what} with a field of no meaning`);
  }

  #text(value: unknown, name: string, maxBytes: number): string {
    if (typeof value !== "string" || value.length > maxBytes) throw this.#wrong(name);
    if (value.length * 3 > maxBytes && utf8.encode(value).length > maxBytes) throw this.#wrong(name);
    return value;
  }

  #whole(value: unknown, name: string, max: number, min: number): number {
    if (!Number.isSafeInteger(value)) throw this.#wrong(name);
    const number = value as number;
    if (number < min || number > max) throw this.#wrong(name);
    return number;
  }

  #wrong(name: string): RemoteMediaError {
    return peerInvalid(`${this.#what} whose ${name} can't be`);
  }
}

/** Of one grant; sums stay far from where numbers lose their units. */
const maxCredit = 2 ** 40;
