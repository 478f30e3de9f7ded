// A session with one peer: authenticated both ways, alive, with one control channel and a channel for each stage.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { Channel, LinkStatistics } from "../../platform/contract/link.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { ControlMessage, Load } from "./control-message.ts";

export const roles = ["capture", "execute", "deploy", "view"] as const;
export type Role = (typeof roles)[number];

/** Who the other end has proven to be. */
export interface PeerIdentity {
  /** Base32 of the SHA-256 of its public key, 26 characters. */
  readonly device: string;
  /** Readable, chosen by whoever admitted it; printable, not unique. */
  readonly name: string;
  readonly mesh: string;
  readonly roles: readonly Role[];
}

/** What stages need to say to each other: the messages that are not the session's own. */
export type StageControl = Extract<
  ControlMessage,
  { type: "open" | "ready" | "error" | "close" | "want-blob" | "blob" }
>;

export interface PeerSession {
  readonly peer: PeerIdentity;
  readonly isOpen: boolean;
  /** The peer's, as it last said. */
  readonly statement: CapabilityStatement;
  readonly load: Load | undefined;
  /** Smoothed round trip of heartbeats, in ms; undefined before the first. */
  readonly rttMs: number | undefined;
  /** @throws RemoteMediaError `peer-lost` when it is closed */
  send(message: StageControl): void;
  /** Several may listen; each hears every message, in order. What one throws ends the session with `peer-invalid`. The function given ends it. */
  onMessage(listener: (message: StageControl) => void): () => void;
  /** The caller's end of a stage's channel: opens `stage-<number>`. */
  openStageChannel(stage: number): Channel;
  /** Stage channels that the peer opens; there is one listener. */
  onStageChannel(listener: (stage: number, channel: Channel) => void): void;
  /** Called when the load or the statement has changed. */
  onNews(listener: () => void): () => void;
  /** Called once, at once when it has ended already, with why: `peer-lost`, `peer-invalid`, or what `close` was given. */
  onEnd(listener: (why: RemoteMediaError) => void): () => void;
  statistics(): LinkStatistics;
  /** Tells the peer why, and closes. Idempotent. */
  close(why: RemoteMediaError): void;
}
