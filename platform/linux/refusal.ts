// Why a device can't be asked: the kernel's error numbers as refusals.
import { printable } from "../base/printable.ts";
import type { Answer, RefusalCode } from "../contract/machine.ts";

/** The kernel's error numbers that we tell apart; the same on x86-64 and aarch64. */
export const errnos = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  ENXIO: 6,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  ENOTDIR: 20,
  EINVAL: 22,
  ENOTTY: 25,
} as const;

const codes: Readonly<Record<number, readonly [RefusalCode, string]>> = {
  [errnos.EPERM]: ["no-permission", "may not be opened by this user"],
  [errnos.EACCES]: ["no-permission", "may not be opened by this user"],
  [errnos.EBUSY]: ["busy", "is used by another program"],
  [errnos.EAGAIN]: ["busy", "is used by another program"],
  [errnos.ENOENT]: ["not-present", "is not there"],
  [errnos.ENOTDIR]: ["not-present", "is not there"],
  [errnos.ENODEV]: ["not-present", "has no device behind it"],
  [errnos.ENXIO]: ["not-present", "has no device behind it"],
  [errnos.ENOTTY]: ["not-supported", "does not answer such questions"],
};

export type Refusal = Extract<Answer<never>, { ok: false }>;

/** A refusal with one printable sentence. */
export function refuse(code: RefusalCode, detail: string): Refusal {
  return { ok: false, code, detail: printable(detail, 256) };
}

/** What an error number of `open` or `ioctl` means for the device at a path. */
export function refuseByErrno(path: string, errno: number): Refusal {
  const [code, what] = codes[errno] ?? ["unreadable", `answers with error ${errno}`];
  return refuse(code, `${path} ${what}`);
}

/** The refusal of a program that ran and failed. */
export function failed(program: string, complaint: string): Refusal {
  const line = printable(complaint.trim().split("\n").at(-1) ?? "", 200);
  return refuse("unreadable", line === "" ? `${program} failed` : `${program} failed: ${line}`);
}
