// openWebrtc: links by libdatachannel, all with one certificate and the same ICE servers.
import type { RtcConfig } from "node-datachannel";
import { RemoteMediaError } from "../base/error.ts";
import type { IceServer, Link, LinkMaker, LinkOptions } from "../contract/link.ts";
import { systemTimers, type Timers } from "../contract/timers.ts";
import { type Certificate, createDtlsCertificate, fingerprintOf } from "./dtls-certificate.ts";
import { loadLibrary } from "./load-library.ts";
import { WebrtcLink } from "./webrtc-link.ts";

export interface WebrtcOptions {
  /** Kept by whoever calls; default: a new one. */
  readonly certificate?: Certificate | undefined;
  /** None is contacted that isn't here. Default none. */
  readonly iceServers?: readonly IceServer[] | undefined;
  /** The only address that is used; default: every one that the machine has. */
  readonly bindAddress?: string | undefined;
  /** Of UDP; default: any free ones. */
  readonly portRange?: { readonly min: number; readonly max: number } | undefined;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

/** What one side announces as the largest message that it takes; libdatachannel's own default. */
const maxMessageBytes = 256 * 1024;

/** @throws RemoteMediaError `peer-unreachable` where the library can't be loaded, `identity-invalid` for a certificate that it doesn't take */
export async function openWebrtc(options: WebrtcOptions = {}): Promise<LinkMaker> {
  const library = await loadLibrary();
  const certificate = options.certificate ?? createDtlsCertificate();
  const config: RtcConfig = {
    iceServers: (options.iceServers ?? []).map(describeServer),
    disableAutoNegotiation: true,
    maxMessageSize: maxMessageBytes,
    // PEM itself is taken as well as a file's name: no secret has to lie in a file.
    certificatePemFile: certificate.certificatePem,
    keyPemFile: certificate.keyPem,
    ...(options.bindAddress === undefined ? {} : { bindAddress: options.bindAddress }),
    ...(options.portRange === undefined
      ? {}
      : { portRangeBegin: options.portRange.min, portRangeEnd: options.portRange.max }),
  };
  const links = new Set<WebrtcLink>();
  const { timers = systemTimers } = options;
  let isClosed = false;
  return {
    fingerprint: fingerprintOf(certificate.certificatePem),
    makeLink: (linkOptions: LinkOptions): Link => {
      if (isClosed) throw new RemoteMediaError("internal", "the maker of links is closed");
      let connection: ConstructorParameters<typeof WebrtcLink>[0];
      try {
        connection = new library.PeerConnection("remotemedia", config);
      } catch (cause) {
        throw new RemoteMediaError("identity-invalid", `a link can't be made: ${messageOf(cause)}`, {
          cause,
        });
      }
      const link: WebrtcLink = new WebrtcLink(connection, {
        ...linkOptions,
        timers,
        onGone: () => links.delete(link),
      });
      links.add(link);
      return link;
    },
    close: async () => {
      isClosed = true;
      for (const link of [...links]) link.close();
    },
  };
}

/** Always an object: a user's name with a colon in it would break a URL without a word. */
function describeServer({
  kind,
  host,
  port,
  username,
  credential,
}: IceServer): Exclude<RtcConfig["iceServers"][number], string> {
  return {
    hostname: host,
    port,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { password: credential }),
    ...(kind === "turn" ? { relayType: "TurnUdp" as const } : {}),
  };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
