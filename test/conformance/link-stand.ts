// Two makers of links that can reach each other, and what the link suite does with them again and again.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Channel, Link, LinkEnd, LinkMaker, LinkSignal } from "../../platform/contract/link.ts";

/** Two ends that can reach each other. */
export interface LinkStand extends AsyncDisposable {
  readonly near: LinkMaker;
  readonly far: LinkMaker;
  /** Waits for it; a stand that has a clock of its own turns that until it settles. Default: just waits. */
  settle?<T>(promise: Promise<T>): Promise<T>;
}

/** One link, seen from both ends; `near` offers. */
export interface LinkPair {
  readonly near: Link;
  readonly far: Link;
  readonly control: Channel;
  readonly farControl: Channel;
}

type Hand = (signal: LinkSignal, to: Link) => void;

const handOn: Hand = (signal, to) => to.accept(signal);

/** Two ends whose signals go to each other by `hand`, with an offer under way. */
export function introduce({ near, far }: LinkStand, hand: Hand = handOn) {
  const answerer: Link = far.makeLink({ role: "answerer", signal: (signal) => hand(signal, offerer) });
  const offerer: Link = near.makeLink({ role: "offerer", signal: (signal) => hand(signal, answerer) });
  return { near: offerer, far: answerer, control: offerer.openChannel({ label: "control" }) };
}

/** Two ends that are connected, and whose first channel both have. */
export async function connect(stand: LinkStand, hand?: Hand): Promise<LinkPair> {
  const { near, far, control } = introduce(stand, hand);
  const arrived = nextChannel(far);
  await settle(stand, Promise.all([connected(near), connected(far)]));
  return { near, far, control, farControl: await settle(stand, arrived) };
}

export async function settle<T>(stand: LinkStand, promise: Promise<T>): Promise<T> {
  return await (stand.settle === undefined ? promise : stand.settle(promise));
}

export function connected(link: Link): Promise<void> {
  return new Promise((resolve, reject) => {
    link.onConnected(resolve);
    link.onEnd((end) =>
      reject(new RemoteMediaError("peer-lost", `the link ended as ${end} before it was connected`)),
    );
  });
}

export function nextChannel(link: Link): Promise<Channel> {
  return new Promise((resolve) => link.onChannel(resolve));
}

export function ended(link: Link): Promise<LinkEnd> {
  return new Promise((resolve) => link.onEnd(resolve));
}

export function closed(channel: Channel): Promise<void> {
  return new Promise((resolve) => channel.onClose(resolve));
}

/** The next `count` messages. */
export function messages(channel: Channel, count: number): Promise<Uint8Array[]> {
  return new Promise((resolve) => {
    const all: Uint8Array[] = [];
    channel.onMessage((bytes) => {
      all.push(bytes);
      if (all.length === count) resolve(all);
    });
  });
}

/** Bytes that tell where they stand. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + seed * 17 + (index >> 8)) & 255;
  return bytes;
}

/** The code that a call is refused with. */
export function refusal(call: () => unknown): string | undefined {
  try {
    call();
  } catch (thrown) {
    return thrown instanceof RemoteMediaError ? thrown.code : String(thrown);
  }
  return undefined;
}
