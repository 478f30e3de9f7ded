// Finds the device that a param names, by id, name or path. Pure.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { nearestName } from "../../../platform/base/nearest.ts";
import { printable } from "../../../platform/base/printable.ts";

/** What devices are named by. */
export interface NamedDevice {
  readonly id: string;
  readonly name: string;
  /** `/dev/videoN`, `hw:CARD=x,DEV=0`, … */
  readonly place: string;
}

/** Finds by id, then by place, then by name in any case. Throws `node-invalid-params` where several have the name,
 * `device-missing` where none is it; `noun` says what is looked for. */
export function findDevice<Device extends NamedDevice>(
  wanted: string,
  devices: readonly Device[],
  noun: string,
): Device {
  const exact = devices.find(({ id }) => id === wanted) ?? devices.find(({ place }) => place === wanted);
  if (exact !== undefined) return exact;
  const named = devices.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (named.length > 1) {
    throw new RemoteMediaError(
      "node-invalid-params",
      `${named.length} ${noun}s have the name ${quote(wanted)}.`,
      { hint: `Name one by its id: ${named.map(({ id }) => id).join(", ")}` },
    );
  }
  if (named[0] !== undefined) return named[0];
  throw missing(wanted, devices, noun);
}

/** The error where there is none at all. */
export function noDevice(noun: string): RemoteMediaError {
  return new RemoteMediaError("device-missing", `This machine has no ${noun} that can be opened.`, {
    hint: "See what it has, and why something is absent, with: remotemedia probe",
  });
}

function missing(wanted: string, devices: readonly NamedDevice[], noun: string): RemoteMediaError {
  if (devices.length === 0) return noDevice(noun);
  const nearest = nearestName(
    wanted,
    devices.flatMap(({ id, name }) => [id, name]),
  );
  const hint =
    nearest === undefined
      ? `There is ${devices.map(({ id }) => id).join(", ")}`
      : `did you mean ${quote(nearest)}?`;
  return new RemoteMediaError("device-missing", `There is no ${noun} ${quote(wanted)}.`, { hint });
}

function quote(name: string): string {
  return JSON.stringify(printable(name));
}
