// What this machine lacks for running pipelines: the doctor's checks, each with its mend.
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { freemem, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { toRemoteMediaError } from "../../platform/base/error.ts";
import { systemClock } from "../../platform/contract/clock.ts";
import { openFfmpegDecoder } from "../../platform/ffmpeg/ffmpeg-decoder.ts";
import type { Config } from "../config/config.ts";
import type { Check } from "./check.ts";
import { examineDevices } from "./examine-devices.ts";
import { examineMesh } from "./examine-mesh.ts";
import { examineSandbox } from "./examine-sandbox.ts";

const gibibyte = 2 ** 30;

/** Looks at everything, whatever the other checks found; starts a sandbox child. Changes nothing that stays. */
export async function examineMachine(config: Config): Promise<Check[]> {
  return [
    ...(await examineSandbox(config)),
    checkTemporaryFolder(),
    checkHome(config.homeFolder),
    await checkFfmpeg(),
    ...(await examineDevices(config)),
    await examineMesh(),
    checkKernel(release()),
    checkMemory(),
    await checkClock(),
  ];
}

function checkTemporaryFolder(): Check {
  const about = { name: "temporary", needed: true };
  const folder = tmpdir();
  try {
    rmdirSync(mkdtempSync(join(folder, "remotemedia-doctor-")));
    return { ...about, status: "ok", detail: `${folder} can be written` };
  } catch (thrown) {
    const detail = `${folder} can't be written: ${toRemoteMediaError(thrown).message}`;
    return { ...about, status: "missing", detail, mend: "free space there, or set TMPDIR to another folder" };
  }
}

const enoughDiskBytes = 200 * 2 ** 20;

/** The cache is a convenience: without it modules are prepared anew at every start. */
function checkHome(folder: string): Check {
  const about = { name: "home", needed: false };
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    const { bavail, bsize } = statfsSync(existing);
    const free = `${((bavail * bsize) / gibibyte).toFixed(1)} GiB free`;
    if (bavail * bsize >= enoughDiskBytes) return { ...about, status: "ok", detail: `${folder}, ${free}` };
    return { ...about, status: "warn", detail: `${folder}, only ${free}`, mend: "free some space there" };
  } catch (thrown) {
    const detail = `${folder} can't be written: ${toRemoteMediaError(thrown).message}`;
    return { ...about, status: "warn", detail, mend: "set REMOTEMEDIA_HOME to a folder that can" };
  }
}

async function checkFfmpeg(): Promise<Check> {
  const about = { name: "ffmpeg", needed: false };
  try {
    const { name, version, path } = await openFfmpegDecoder().version();
    return { ...about, status: "ok", detail: `${name} ${version} (${path})` };
  } catch (thrown) {
    const error = toRemoteMediaError(thrown);
    const detail = `${error.message} Only WAV, JSON and NDJSON can be read without it.`;
    return {
      ...about,
      status: "missing",
      detail,
      mend: error.hint ?? "install FFmpeg",
    };
  }
}

/** What Bun asks for; seccomp's filter for all threads is older. */
const oldestKernel = [5, 1] as const;

function checkKernel(version: string): Check {
  const about = { name: "kernel", needed: false, detail: `Linux ${version}` };
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  const isOld = major < oldestKernel[0] || (major === oldestKernel[0] && minor < oldestKernel[1]);
  if (!isOld) return { ...about, status: "ok" };
  return { ...about, status: "warn", mend: `${oldestKernel.join(".")} or newer is what is tested` };
}

const enoughMemoryBytes = 256 * 2 ** 20;

function checkMemory(): Check {
  const free = freemem();
  const detail = `${(free / gibibyte).toFixed(1)} of ${(totalmem() / gibibyte).toFixed(1)} GiB available`;
  const about = { name: "memory", needed: false, detail };
  if (free >= enoughMemoryBytes) return { ...about, status: "ok" };
  return { ...about, status: "warn", mend: "end what isn't needed, or lower max_memory_mb of the nodes" };
}

/** Before this was written: a board without a battery that hasn't reached its time server yet. */
const earliestYear = 2025;

async function checkClock(): Promise<Check> {
  const about = { name: "clock", needed: false };
  const mend = "set the time: timedatectl set-ntp true";
  const now = new Date();
  const before = systemClock.monotonicMs();
  await Bun.sleep(1);
  if (systemClock.monotonicMs() <= before) {
    return {
      ...about,
      status: "warn",
      detail: "the monotonic clock stands still",
      mend: "restart the machine",
    };
  }
  if (now.getUTCFullYear() < earliestYear) {
    return { ...about, status: "warn", detail: `${now.toISOString()} is in the past`, mend };
  }
  return { ...about, status: "ok", detail: now.toISOString() };
}
