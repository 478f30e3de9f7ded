// What may be asked of programs, and what a call is called in a recording.
import { type AskedProgram, askedPrograms } from "../contract/machine.ts";

/** The most that is kept of what a program prints. */
export const maxOutputBytes = 1024 * 1024;

/** Whether a program is one that may be asked: nothing else is ever started. */
export function isAskedProgram(program: string): program is AskedProgram {
  return (askedPrograms as readonly string[]).includes(program);
}

/** The name of the file with a call's output, without its ending. */
export function callName(program: AskedProgram, args: readonly string[]): string {
  return [program, ...args].join("_").replaceAll(/[^A-Za-z0-9.=,_-]/g, "+");
}
