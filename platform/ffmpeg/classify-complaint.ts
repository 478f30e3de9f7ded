// FFmpeg's stderr into our error codes, with a sentence that says what to do about it.

import { RemoteMediaError } from "../base/error.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { printable } from "../base/printable.ts";
import { lastComplaint } from "./complaint.ts";

const maxNameLength = 256;

/** What FFmpeg was reading or writing when it complained. */
export interface ComplaintSubject {
  readonly kind: "camera" | "sound" | "screen" | "stream" | "file" | "output";
  /** What it is called in messages, without passwords: "/dev/video0", "rtsp://camera/". */
  readonly name: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly says: (name: string) => string;
  readonly hint: string;
}

const lacking: readonly Rule[] = [
  {
    pattern:
      /Unknown (?:input|output) format|Requested output format|Unable to find a suitable output format/i,
    code: "ffmpeg-missing",
    says: () => "This machine's FFmpeg was built without what is needed here",
    hint: "Install a complete FFmpeg: apt install ffmpeg",
  },
  {
    pattern:
      /Unknown (?:encoder|decoder)|Unrecognized option|Option not found|Protocol not found|No such filter/i,
    code: "ffmpeg-missing",
    says: () => "This machine's FFmpeg lacks something that is needed here, or is too old",
    hint: "Install a complete FFmpeg: apt install ffmpeg",
  },
];

const device = (group: string, busyHint: string): readonly Rule[] => [
  {
    pattern: /Device or resource busy|already in use|in use by another process|failed to acquire camera/i,
    code: "device-busy",
    says: (name) => `The ${name} is in use by another program`,
    hint: busyHint,
  },
  {
    pattern: /Permission denied|Operation not permitted|Access denied|Authorization required/i,
    code: "device-denied",
    says: (name) => `This user may not open the ${name}`,
    hint: `Add the user to the group that owns it: sudo usermod -aG ${group} $USER, then log in again.`,
  },
  {
    pattern:
      /Cannot find a proper format|unrecogni[sz]ed option|driver changed the video|Inappropriate ioctl|Not a video capture device|not supported|does not support|cannot set |Numerical result out of range/i,
    code: "device-unsupported",
    says: (name) => `The ${name} can't do what is asked of it`,
    hint: "See what it can do with: remotemedia probe",
  },
  {
    pattern:
      /No such file or directory|No such device|No such entity|cannot find card|Cannot open display|Can't open display|no cameras available|Connection refused|Connection terminated|No such process/i,
    code: "device-missing",
    says: (name) => `There is no ${name}`,
    hint: "See which devices there are with: remotemedia probe",
  },
  {
    pattern: /Invalid argument|matches no streams|does not contain any stream/i,
    code: "device-unsupported",
    says: (name) => `The ${name} can't do what is asked of it`,
    hint: "See what it can do with: remotemedia probe",
  },
];

const stream: readonly Rule[] = [
  {
    pattern: /\b40[137] |Unauthorized|Forbidden|authorization failed/i,
    code: "stream-denied",
    says: (name) => `${name} refuses us`,
    hint: "Give a user name and password that it knows: rtsp://user:password@host/path",
  },
  {
    pattern: /\b404 |Not Found/i,
    code: "stream-unreachable",
    says: (name) => `The server has no ${name}`,
    hint: "Check the path in the address.",
  },
  {
    pattern: /Address already in use|Cannot assign requested address/i,
    code: "stream-unreachable",
    says: (name) => `Nothing can be listened for at ${name}`,
    hint: "Choose an address of this machine and a port that is free.",
  },
  {
    pattern: /Invalid data/i,
    code: "stream-unreachable",
    says: (name) => `What answers at ${name} is no RTSP camera`,
    hint: "Check the address and its port.",
  },
  {
    pattern: /matches no streams|does not contain any stream/i,
    code: "device-unsupported",
    says: (name) => `${name} hasn't the pictures or the sound that are asked for`,
    hint: "Ask for what the camera sends.",
  },
  {
    pattern:
      /refused|timed out|resolve|not known|unreachable|No route to host|Connection reset|Broken pipe|End of file|\b[45]\d\d |Server returned|Input\/output error/i,
    code: "stream-unreachable",
    says: (name) => `${name} can't be reached`,
    hint: "Check the address, and that the camera is on and in this network.",
  },
];

const file: readonly Rule[] = [
  {
    pattern: /No such file or directory|Permission denied|Is a directory/i,
    code: "input-missing",
    says: (name) => `${name} can't be opened`,
    hint: "Check the path, and that this user may read it.",
  },
  {
    pattern:
      /Invalid data|matches no streams|does not contain any stream|moov atom not found|could not find codec/i,
    code: "input-invalid",
    says: (name) => `${name} is no media file that has what is asked for`,
    hint: "Give a media file with the pictures or the sound that are asked for.",
  },
];

const output: readonly Rule[] = [
  {
    pattern: /No space left|quota exceeded|File too large/i,
    code: "output-failed",
    says: (name) => `There is no room for ${name}`,
    hint: "Free some space, or keep fewer segments.",
  },
  {
    pattern:
      /Permission denied|Read-only file system|No such file or directory|Is a directory|Not a directory/i,
    code: "output-failed",
    says: (name) => `${name} can't be written`,
    hint: "Check that its folder is there, and that this user may write it.",
  },
];

const rules: Record<ComplaintSubject["kind"], readonly Rule[]> = {
  camera: [...lacking, ...device("video", "Close the other program; fuser -v names it.")],
  sound: [...lacking, ...device("audio", "Close the other program, or use the sound server's device.")],
  screen: [...lacking, ...device("video", "Close the other program.")],
  stream: [...lacking, ...stream],
  file: [...lacking, ...file],
  output: [...lacking, ...output],
};

/** The error for what FFmpeg said about `subject`; `otherwise` where it said nothing that is known. FFmpeg's last words, cleaned,
 * are in the message. */
export function classifyComplaint(
  stderr: string,
  subject: ComplaintSubject,
  otherwise: ErrorCode,
  cause?: unknown,
): RemoteMediaError {
  const said = audible(stderr);
  const rule = rules[subject.kind].find(({ pattern }) => pattern.test(said));
  const telling = said.split(/[\r\n]+/).findLast((line) => rule?.pattern.test(line));
  const complaint = lastComplaint(telling ?? said);
  const name = printable(subject.name, maxNameLength);
  const says = rule?.says(name) ?? `FFmpeg failed on ${name}`;
  const message = complaint === "" ? `${says}.` : `${says}: ${complaint}`;
  return new RemoteMediaError(rule?.code ?? otherwise, message, {
    ...(rule !== undefined && { hint: rule.hint }),
    cause,
  });
}

/** Text without the user names and passwords of addresses in it. A password may hold any mark, so all up to the last @ goes. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,20}:\/\/)\S{0,2048}@/gi, "$1");
}

/** What is worth showing of FFmpeg's stderr: no credentials, and of a log with levels only warnings and worse. */
export function audible(stderr: string): string {
  const lines = withoutCredentials(stderr).split(/[\r\n]+/);
  const kept = lines.filter(
    (line) => !/\[(?:info|verbose|debug)\] (?!.*driver changed the video)/.test(line),
  );
  return kept.map((line) => line.replace(/\[(?:info|warning|error|fatal|panic)\] /, "")).join("\n");
}
