// Kinds of values that settings of the agent's file have: hosts, ports, addresses, file names, names.
import * as z from "zod/mini";
import { printable } from "../../platform/base/printable.ts";

/** `schema` with its documentation. */
export function setting<T extends z.ZodMiniType>(schema: T, description: string, example?: unknown): T {
  const doc = { description, ...(example === undefined ? {} : { examples: [example] }) };
  return schema.check(z.meta(doc)) as T;
}

const notEmpty = z.minLength(1, "must not be empty");

/** A file or folder of the operator's: relative ones lie beside the agent's file. */
export const path = () =>
  z.string().check(
    notEmpty,
    z.maxLength(4096),
    z.refine((text) => !text.includes("\0"), "must be a path"),
  );

/** A line that people see. */
export const label = (length: number) =>
  z.string().check(
    notEmpty,
    z.maxLength(length),
    z.refine((text) => printable(text, length) === text, "must be a line of printable text"),
  );

/** A TCP or UDP port. */
export const port = (least: 0 | 1) =>
  z
    .number()
    .check(
      z.refine(Number.isInteger, "must be a whole number"),
      z.minimum(least, `must be from ${least} to 65535`),
      z.maximum(65_535, `must be from ${least} to 65535`),
    );

export const whole = (least: number, largest: number) =>
  z
    .number()
    .check(
      z.refine(Number.isSafeInteger, "must be a whole number"),
      z.minimum(least, `must be at least ${least}`),
      z.maximum(largest, `must be at most ${largest}`),
    );

/** A name or an address, without a port. */
export const host = () =>
  z.string().check(z.refine(isHost, "must be a host's name or address, without a port"));

function isHost(text: string): boolean {
  if (text.length > 253) return false;
  if (text.includes(":")) return /^[\da-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
  if (/^[\d.]+$/.test(text)) {
    const parts = text.split(".");
    return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  }
  return text.split(".").every((part) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(part));
}

/** An address with one of these schemes. What it has no place for is refused: what is in an address is shown, a secret mustn't be. */
export const address = (schemes: readonly string[]) =>
  z.string().check(
    z.maxLength(1024),
    z.refine(
      (text) => isAddress(text, schemes),
      `must be an address such as ${schemes[0]}://host:port, without a password in it`,
    ),
  );

function isAddress(text: string, schemes: readonly string[]): boolean {
  if (!URL.canParse(text) || printable(text, 1024) !== text) return false;
  const { protocol, username, password, hash, hostname } = new URL(text);
  const isPlain = username === "" && password === "" && hash === "" && hostname !== "";
  return isPlain && schemes.includes(protocol.slice(0, -1));
}
