// A link: one peer connection with its channels, as libdatachannel and browsers have them, and what is known of the way between.

/** A STUN or TURN server. An object, never a URL with credentials in it: a name with a colon breaks those silently. */
export interface IceServer {
  readonly kind: "stun" | "turn";
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly credential?: string | undefined;
}

/** What two ends of a link tell each other before they are connected. */
export type LinkSignal =
  | { readonly kind: "offer" | "answer"; readonly sdp: string }
  | { readonly kind: "candidate"; readonly candidate: string; readonly mid: string };

export interface ChannelOptions {
  /** At most 255 bytes of UTF-8; what both ends know the channel by. */
  readonly label: string;
  /** Default true. An unordered channel may lose what it couldn't send in `lifetimeMs`. */
  readonly ordered?: boolean;
  /** How long a message of an unordered channel is sent again, in ms; default 0. */
  readonly lifetimeMs?: number;
}

/** A channel of messages. Listeners are called from the event loop, one at a time; what they throw closes the link and nothing else. Until
 * `onMessage` has a listener, what comes is kept. */
export interface Channel {
  readonly label: string;
  readonly state: "opening" | "open" | "closed";
  /** The largest message that both ends take, in bytes; at least 65,536. */
  readonly maxMessageBytes: number;
  /** What `send` took and the network hasn't. */
  readonly bufferedBytes: number;
  /** Never blocks; the bytes may be changed afterwards. Before it is open, messages are kept. @throws RemoteMediaError `peer-lost` when it is closed,
   * `internal` for a message that is too large */
  send(bytes: Uint8Array): void;
  /** The listener owns the bytes. A text message comes as its UTF-8. */
  onMessage(listener: (bytes: Uint8Array) => void): void;
  /** Called each time `bufferedBytes` has fallen to `lowWaterBytes` (1 MiB). */
  onLow(listener: () => void): void;
  /** Called once; at once when it is closed already. */
  onClose(listener: () => void): void;
  /** Idempotent. What is buffered may be lost. */
  close(): void;
}

export const lowWaterBytes = 1024 * 1024;

export interface LinkStatistics {
  /** Of the transport, smoothed, in ms; undefined before the first measurement. */
  readonly rttMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Share of packets that had to be sent again, 0 to 1, where it is known. */
  readonly loss: number | undefined;
  /** Kinds of the pair in use, such as `host`, `srflx`, `relay`. */
  readonly localCandidate: string | undefined;
  readonly remoteCandidate: string | undefined;
}

/** Why a link ended: closed here, by the other end, or broken. */
export type LinkEnd = "local" | "remote" | "failed";

export interface Link {
  readonly state: "connecting" | "connected" | "closed";
  /** SHA-256 of the other end's DTLS certificate, as SDP writes it (`AB:CD:…`, upper case); proven once connected. */
  readonly remoteFingerprint: string | undefined;
  /** Takes a signal of the other end. What can't be is refused by `peer-invalid` thrown here; candidates may come before their description. */
  accept(signal: LinkSignal): void;
  openChannel(options: ChannelOptions): Channel;
  /** Channels that the other end opened; kept until there is a listener. */
  onChannel(listener: (channel: Channel) => void): void;
  onConnected(listener: () => void): void;
  /** Called once; at once when it has ended already. Every channel is closed before. */
  onEnd(listener: (end: LinkEnd) => void): void;
  statistics(): LinkStatistics;
  /** Idempotent. */
  close(): void;
}

export interface LinkOptions {
  /** The offerer opens at least one channel before it waits for the connection. */
  readonly role: "offerer" | "answerer";
  /** Where signals for the other end go; called from the event loop. */
  readonly signal: (signal: LinkSignal) => void;
}

/** Makes links, all with the same DTLS certificate and ICE servers. */
export interface LinkMaker {
  /** SHA-256 of our own certificate, as SDP writes it. */
  readonly fingerprint: string;
  makeLink(options: LinkOptions): Link;
  /** Closes every link. */
  close(): Promise<void>;
}
