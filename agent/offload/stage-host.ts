// What the serving side needs of this machine, runners for stages that peers ask for, and what it tells of them.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Open } from "../protocol/control-message.ts";
import type { PeerIdentity } from "../protocol/peer-session.ts";
import type { BlobTaker } from "./take-blobs.ts";

/** What a peer asks for. All of it is attacker-controlled, but who asks. */
export interface StageRequest extends Pick<Open, "manifest" | "root" | "wanted" | "package"> {
  readonly caller: PeerIdentity;
  /** The package's parts, from the one who asks. Nobody has hashed them. */
  readonly fetch: BlobTaker;
}

export interface StageHost {
  /** A runner of that stage, under the lower of both sides' limits; not opened. `signal`: nobody wants it any more.
   * @throws RemoteMediaError why it can't be run here; its code and message go to the peer */
  makeStage(request: StageRequest, signal: AbortSignal): Promise<NodeRunner>;
}

export type ServedEvent = {
  readonly kind: "opened" | "refused" | "ended";
  readonly caller: string;
  readonly callerName: string;
  readonly stage: number;
  /** Why it was refused or ended. */
  readonly error?: RemoteMediaError;
};

/** A stage that is open, for people. */
export interface HostedStage {
  readonly stage: number;
  readonly caller: string;
  readonly callerName: string;
  readonly nodes: readonly string[];
  readonly frames: number;
  readonly framesPerSecond: number;
  /** In ms. */
  readonly p50: number;
  readonly p95: number;
  readonly queue: number;
}
