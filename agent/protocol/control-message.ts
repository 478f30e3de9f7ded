// What two peers say on the control channel, and on a stage's own channel besides frames.
import type { NodeFailure } from "../node/failure.ts";
import type { Payload } from "../node/frame.ts";

/** The version of what follows. A peer that speaks none of ours is refused by `peer-version`. */
export const protocolVersion = 1;

/** Why a peer refuses or ends something: codes of the error table, and nothing else, cross the wire. */
export interface WireError {
  readonly code: string;
  /** One line for people, at most 1 KiB. */
  readonly message: string;
}

/** First on the control channel, both ways. Nothing else is heard before both have come and held. */
export interface Hello {
  readonly type: "hello";
  /** Versions of this protocol that the sender speaks. */
  readonly versions: readonly number[];
  /** The signed membership, as its bundle came. */
  readonly membership: Uint8Array;
  /** A capability statement; checked apart. */
  readonly statement: unknown;
  /** The program's version, for people. */
  readonly agent: string;
}

/** Opens a stage at the peer. */
export interface Open {
  readonly type: "open";
  /** The caller's number for it; also the label of its channel, `stage-<number>`. */
  readonly stage: number;
  /** A manifest with the stage's nodes only, and the connections between them. JSON text. */
  readonly manifest: string;
  /** The node that frames enter. */
  readonly root: string;
  /** Outputs, `node.port`, whose frames the caller takes; others stay there. */
  readonly wanted: readonly string[];
  /** The package that has the modules; undefined where every node is built in. */
  readonly package: string | undefined;
  /** Time a frame may take there and back, in ms; 0: no limit. */
  readonly deadlineMs: number;
  /** Devices on whose behalf this is opened, the first caller first, the sender last. One that finds itself in it refuses: `peer-loop`. */
  readonly path: readonly string[];
  /** What the caller takes before it has granted more. */
  readonly credit: Credit;
}

export interface Ready {
  readonly type: "ready";
  readonly stage: number;
  /** How many calls may be in flight. */
  readonly window: number;
  readonly credit: Credit;
}

/** Frames and bytes that may be sent beyond what was granted before. */
export interface Credit {
  readonly frames: number;
  readonly bytes: number;
}

/** Refuses a stage (before `ready`) or ends it (after). */
export interface StageError {
  readonly type: "error";
  readonly stage: number;
  readonly error: WireError;
}

/** The caller is done with a stage. What it has not had by now it doesn't want. */
export interface Close {
  readonly type: "close";
  readonly stage: number;
}

/** How busy the sender is; when it changes, at most twice a second. */
export interface Load {
  readonly type: "load";
  /** Shares, 0 to 1. */
  readonly cpu: number;
  readonly memory: number;
  /** Stages that are open for others. */
  readonly sessions: number;
  /** How long a frame that comes now would wait, in ms. */
  readonly queueMs: number;
}

/** The sender's statement has changed. */
export interface Restate {
  readonly type: "statement";
  readonly statement: unknown;
}

/** Heartbeat; `pong` gives the number back. */
export interface Ping {
  readonly type: "ping" | "pong";
  readonly count: number;
}

/** Asks for a part of a package's blob, from the caller that opened a stage of it. */
export interface WantBlob {
  readonly type: "want-blob";
  readonly request: number;
  /** Of the package that was named by `open`. */
  readonly package: string;
  /** `manifest`: the package's manifest; `signatures`: a list of its signature manifests; else a blob's digest. */
  readonly digest: string;
  readonly offset: number;
  readonly length: number;
}

/** A part of a blob; `size` is the whole blob's. An empty part with an error: it can't be had. */
export interface Blob {
  readonly type: "blob";
  readonly request: number;
  readonly offset: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly error?: WireError | undefined;
}

/** Why the sender ends the session; last. */
export interface Bye {
  readonly type: "bye";
  /** `draining`: it stops; what is in flight is finished elsewhere. */
  readonly error: WireError;
}

export type ControlMessage =
  | Hello
  | Open
  | Ready
  | StageError
  | Close
  | Load
  | Restate
  | Ping
  | WantBlob
  | Blob
  | Bye;

/** Of a call at the peer, in µs: from its frame's arrival to its end, and the part of that in which it waited. */
export interface CallTimes {
  readonly serviceUs: number;
  readonly waitedUs: number;
}

/** What travels on a stage's channel, in the order in which it happened. `call` numbers the frames that enter, from 1, without gaps, by stage
 * channel; a caller may give it any meaning of its own beyond that. */
export type StageMessage =
  /** Towards the peer: a frame for the root. From it: one that left `node`, because of that call. */
  | {
      readonly type: "frame";
      readonly call: number;
      /** Empty towards the peer. */
      readonly node: string;
      readonly port: string;
      readonly pts: number;
      readonly payload: Payload;
      readonly data: Uint8Array;
      /** From the peer, on a call's last frame: the call has ended without a failure, and no `ack` follows. */
      readonly ended?: CallTimes | undefined;
    }
  /** From the peer: the call has ended, all its frames went before. `failures` at most 1024. */
  | ({
      readonly type: "ack";
      readonly call: number;
      readonly failures: readonly NodeFailure[];
      /** Set when the peer didn't take the call: `peer-busy`. Nothing of it was done. */
      readonly refused?: WireError | undefined;
    } & CallTimes)
  | { readonly type: "credit"; readonly credit: Credit }
  /** Towards the peer: no more frames; answered by frames and an ack of this call. */
  | { readonly type: "flush"; readonly call: number };
