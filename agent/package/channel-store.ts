// A channel as the device remembers it: what a document asks for is given out only once the document is remembered on the disk.
import { createHash } from "node:crypto";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { PackageStore } from "../../platform/contract/package-store.ts";
import type { ChannelKeys } from "../trust/channel-document.ts";
import {
  type AppliedChannel,
  applyChannel,
  type ChannelState,
  trustChannel,
} from "../trust/channel-state.ts";
import { encodeChannelState, parseChannelState } from "../trust/channel-state-file.ts";
import { verifyChannel } from "../trust/verify-channel.ts";

export interface ChannelStoreOptions {
  readonly channel: string;
  /** What pairing said; counts until the first document is accepted, then the remembered keys do. */
  readonly keys: ChannelKeys;
  /** When the program was built, in milliseconds since 1970: a clock that says less is none. */
  readonly floorMs: number;
}

export interface ChannelStore {
  /** What is remembered, from the disk. After a start this says what to run: the accepted document itself is refused
   * then as a replay. @throws RemoteMediaError `store-failed` */
  read(): Promise<ChannelState>;
  /** Verifies an envelope, remembers what it says, and only then gives that out. `running` is what runs now. Where this throws,
   * what runs goes on running. After `store-failed` the document may be remembered or not: `read` says which.
   * @throws RemoteMediaError the codes of `verifyChannel` and `applyChannel`; `store-failed` */
  accept(envelope: Uint8Array, nowMs: number, running?: Digest): Promise<AppliedChannel>;
}

/** One process at a time may open a channel: it is the daemon's. Calls wait for each other. */
export function openChannelStore(
  store: Pick<PackageStore, "readState" | "writeState">,
  { channel, keys, floorMs }: ChannelStoreOptions,
): ChannelStore {
  const initial = trustChannel(channel, keys);
  const name = stateName(channel);
  let last: Promise<unknown> = Promise.resolve();

  // Nothing is kept in memory: after a write that failed only the disk knows what it holds.
  const read = async () => {
    const bytes = await store.readState(name);
    if (bytes === undefined) return initial;
    const state = parseChannelState(bytes);
    if (state.channel === channel) return state;
    throw new RemoteMediaError("store-failed", `what is remembered of "${channel}" is of another channel`);
  };
  const accept = async (envelope: Uint8Array, nowMs: number, running: Digest | undefined) => {
    const state = await read();
    const applied = applyChannel(state, verifyChannel(envelope, state.keys), { nowMs, floorMs }, running);
    await store.writeState(name, encodeChannelState(applied.state));
    return applied;
  };
  return {
    read,
    accept(envelope, nowMs, running) {
      const turn = last.then(() => accept(envelope, nowMs, running));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** A name for the store's `state/`, whatever characters and case the channel's has. */
function stateName(channel: string): string {
  return `channel-${createHash("sha256").update(channel).digest("hex").slice(0, 32)}.json`;
}
