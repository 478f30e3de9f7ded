// What must not leave a board when it is recorded: serial numbers, addresses, names of people and of the machine.

/** Names of this machine and its user, which are replaced wherever they stand as words. */
export interface BoardNames {
  readonly host?: string | undefined;
  readonly user?: string | undefined;
}

/** Host and user names that tell nothing: those that every machine of a kind has, and words that a kernel's own paths and names are
 * made of, without which a record would be no record ("raspberrypi,4-model-b", "/sys/class/net"). */
const neutralNames =
  /^(raspberrypi|jetson|tegra-ubuntu|ubuntu|debian|linux|localhost|host|board|server|workstation|root|user|pi|nvidia|nobody|audio|render|video|camera|cam|sound|snd|sys|proc|dev|etc|run|usr|var|lib|class|devices?|drivers?|virtual|platform|bus|net|usb|pci|drm|cpu|gpu|soc|system|kernel|name|power|default|ffmpeg|model|type|memory|thermal)$/i;

/** Files with nothing but a secret in them. Probes read none of these; should one ever do, it isn't recorded. */
const secretFiles =
  /(^|\/)([^/]*serial[^/]*|[^/]*uuid[^/]*|[^/]*asset_tag|address|broadcast|permanent_address|machine-id|boot_id|cmdline|dbus-id|wpa_supplicant[^/]*|shadow|passwd)$/i;

const hex = "[0-9a-f]";
const notBefore = "(?<![\\w:.-])";
const notAfter = "(?![\\w:]|\\.\\d)";
const rules: readonly (readonly [RegExp, string])[] = [
  // "Serial : 10000000abcdef01" of /proc/cpuinfo, and its like.
  [/^([^\S\n]*(?:serial|serial[ _-]?(?:number|no)|uuid)[^\S\n]*[:=])[^\n]*$/gim, "$1 removed"],
  // UUIDs, then digests and ids of containers.
  [new RegExp(`\\b${hex}{8}(-${hex}{4}){3}-${hex}{12}\\b`, "gi"), "00000000-0000-0000-0000-000000000000"],
  [new RegExp(`(?<![0-9a-z])${hex}{24,}(?![0-9a-z])`, "gi"), "0"],
  // Hardware addresses, also within the names that systemd and Android give to interfaces.
  [new RegExp(`${notBefore}(?:${hex}{2}:){5}${hex}{2}(?![\\w:])`, "gi"), "00:00:00:00:00:00"],
  [new RegExp(`${notBefore}(?:${hex}{2}-){5}${hex}{2}(?![\\w-])`, "gi"), "00-00-00-00-00-00"],
  [new RegExp(`\\b(enx|wlx|wwx|usbx)${hex}{12}\\b`, "gi"), "$1"],
  // IPv6, then IPv4. "0000:01:00.0" is a place on the PCI bus, and "0::/" a control group.
  [new RegExp(`${notBefore}(?:${hex}{1,4}:){7}${hex}{1,4}${notAfter}`, "gi"), "::"],
  [
    new RegExp(`${notBefore}(?:${hex}{1,4}:){1,6}(?::${hex}{1,4}){1,6}(%[\\w-]{1,16})?${notAfter}`, "gi"),
    "::",
  ],
  [/(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)/g, "0.0.0.0"],
  // Who built it, whose folder it is. "fe.admaif@290f000.ADMAIF1" is a device.
  [/(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[a-z]{2,12}(?![\w-])/g, "someone"],
  [/(?<=\/home\/)[^/\s"':]+/g, "user"],
];

/** A text without what names one board or person. What is taken out is replaced, so that lines and fields stay where they are. Applying it
 * twice changes nothing. */
export function redactBoardText(text: string, names: BoardNames = {}): string {
  let redacted = text;
  for (const [pattern, replacement] of rules) redacted = redacted.replace(pattern, replacement);
  redacted = replaceName(redacted, names.host, "board");
  return replaceName(redacted, names.user, "user");
}

/** Whether a file may not be recorded at all, by its path. */
export function isSecretFile(path: string): boolean {
  return secretFiles.test(path);
}

function replaceName(text: string, name: string | undefined, replacement: string): string {
  const trimmed = name?.trim() ?? "";
  if (trimmed.length < 2 || neutralNames.test(trimmed)) return text;
  const literal = trimmed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, "giu"), replacement);
}
