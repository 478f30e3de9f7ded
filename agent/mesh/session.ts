// A session with one peer over a link: who it is is proven before anything else is heard, and that it lives is looked at ever after.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { isErrorCode } from "../../platform/base/error-codes.ts";
import { printable } from "../../platform/base/printable.ts";
import type { Channel, Link, LinkStatistics } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { type CapabilityStatement, parseStatement } from "../capability/statement.ts";
import { protocolBounds } from "../protocol/bounds.ts";
import { type ControlMessage, type Hello, type Load, protocolVersion } from "../protocol/control-message.ts";
import { encodeControl } from "../protocol/encode-control.ts";
import { parseControl } from "../protocol/parse-control.ts";
import type { PeerIdentity, PeerSession, StageControl } from "../protocol/peer-session.ts";
import type { Membership } from "./membership.ts";
import { Pulse } from "./pulse.ts";

export interface SessionOptions {
  readonly link: Link;
  readonly role: "offerer" | "answerer";
  /** The device that the link was made with. */
  readonly device: string;
  readonly timers: Timers;
  /** Our own, signed. */
  readonly membership: Uint8Array;
  /** The program's version. */
  readonly agent: string;
  readonly statement: () => CapabilityStatement;
  /** Holds a membership to the mesh's root key and our clock. @throws RemoteMediaError `membership-*` */
  readonly verify: (membership: Uint8Array) => Membership;
}

const controlLabel = "control";
const stageLabel = /^stage-([1-9]\d{0,9})$/;
/** How long a link may take to come up and prove who it is. */
const openMs = 5000;
const maxStages = 256;
/** What may wait to be sent on the control channel. */
const maxBacklogBytes = 8 * 1024 * 1024;
/** How often a membership is held against the clock. */
const verifyMs = 60_000;

/** Resolves when both ends have shown a membership that holds and the certificate that it names.
 * @throws RemoteMediaError `peer-unreachable` (no link in time), `peer-denied`, `membership-*`, `peer-version`, `statement-invalid`, `peer-invalid`, `peer-lost` */
export function openSession(options: SessionOptions): Promise<MeshSession> {
  return new MeshSession(options).opened;
}

export class MeshSession implements PeerSession {
  readonly opened: Promise<MeshSession>;
  readonly #options: SessionOptions;
  readonly #settled = Promise.withResolvers<MeshSession>();
  readonly #messages = new Set<(message: StageControl) => void>();
  readonly #news = new Set<() => void>();
  readonly #ends = new Set<(why: RemoteMediaError) => void>();
  readonly #arrived: { stage: number; channel: Channel }[] = [];
  readonly #pulse: Pulse;
  readonly #cancelPatience: () => void;
  #cancelVerifying = () => {};
  #control: Channel | undefined;
  #stages = 0;
  #stageListener: ((stage: number, channel: Channel) => void) | undefined;
  #peer: PeerIdentity | undefined;
  #statement: CapabilityStatement | undefined;
  #load: Load | undefined;
  #end: RemoteMediaError | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.opened = this.#settled.promise;
    // Whoever asked may have gone away before it ends.
    this.opened.catch(() => {});
    const { link, timers, role } = options;
    this.#pulse = new Pulse(timers, {
      ping: (count) => this.#post({ type: "ping", count }),
      bytesReceived: () => link.statistics().bytesReceived,
      onDead: () => this.#finish(new RemoteMediaError("peer-lost", `${this.#name} has been silent`)),
    });
    this.#cancelPatience = timers.after(openMs, () => {
      this.#finish(new RemoteMediaError("peer-unreachable", `${this.#name} didn't answer in ${openMs} ms`));
    });
    link.onEnd((end) => {
      const how = end === "remote" ? "closed its end" : "is gone";
      this.#finish(new RemoteMediaError("peer-lost", `${this.#name} ${how}`));
    });
    link.onChannel((channel) => this.#guard(() => this.#takeChannel(channel)));
    if (role === "offerer") this.#takeControl(link.openChannel({ label: controlLabel }));
  }

  get peer(): PeerIdentity {
    return this.#peer!;
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#peer !== undefined;
  }

  get statement(): CapabilityStatement {
    return this.#statement!;
  }

  get load(): Load | undefined {
    return this.#load;
  }

  get rttMs(): number | undefined {
    return this.#pulse.rttMs;
  }

  send(message: StageControl): void {
    if (this.#end !== undefined) throw this.#end;
    this.#post(message);
  }

  /** The session's own news: the load, the statement. Dropped when it has ended. */
  tell(message: Load | { type: "statement"; statement: unknown }): void {
    if (this.isOpen) this.#guard(() => this.#post(message));
  }

  onMessage(listener: (message: StageControl) => void): () => void {
    this.#messages.add(listener);
    return () => this.#messages.delete(listener);
  }

  openStageChannel(stage: number): Channel {
    if (this.#end !== undefined) throw this.#end;
    return this.#options.link.openChannel({ label: `stage-${stage}` });
  }

  onStageChannel(listener: (stage: number, channel: Channel) => void): void {
    this.#stageListener = listener;
    this.#handOver();
  }

  onNews(listener: () => void): () => void {
    this.#news.add(listener);
    return () => this.#news.delete(listener);
  }

  onEnd(listener: (why: RemoteMediaError) => void): () => void {
    const end = this.#end;
    if (end !== undefined) {
      this.#options.timers.after(0, () => {
        try {
          listener(end);
        } catch {
          // As when it is told in time.
        }
      });
      return () => {};
    }
    this.#ends.add(listener);
    return () => this.#ends.delete(listener);
  }

  statistics(): LinkStatistics {
    return this.#options.link.statistics();
  }

  close(why: RemoteMediaError): void {
    if (this.#end !== undefined) return;
    this.#say(why);
    // The goodbye gets a moment to leave: closing a link drops what is buffered.
    this.#finish(why, 50);
  }

  get #name(): string {
    return this.#peer?.name ?? this.#options.device;
  }

  #takeChannel(channel: Channel): void {
    const [, number] = stageLabel.exec(channel.label) ?? [];
    if (number !== undefined) {
      this.#stages += 1;
      if (this.#stages > maxStages) throw invalid("too many channels");
      channel.onClose(() => {
        this.#stages -= 1;
        const at = this.#arrived.findIndex((one) => one.channel === channel);
        if (at >= 0) this.#arrived.splice(at, 1);
      });
      this.#arrived.push({ stage: Number(number), channel });
      this.#handOver();
    } else if (channel.label === controlLabel && this.#control === undefined) this.#takeControl(channel);
    else throw invalid("a channel that nobody asked for");
  }

  /** A channel may overtake the message that proves who opened it. */
  #handOver(): void {
    const listener = this.#stageListener;
    if (listener === undefined || this.#peer === undefined) return;
    for (const { stage, channel } of this.#arrived.splice(0)) this.#guard(() => listener(stage, channel));
  }

  #takeControl(channel: Channel): void {
    this.#control = channel;
    channel.onClose(() => this.#finish(new RemoteMediaError("peer-lost", `${this.#name} closed its end`)));
    const { membership, statement, agent } = this.#options;
    this.#post({ type: "hello", versions: [protocolVersion], membership, statement: statement(), agent });
    channel.onMessage((bytes) => this.#guard(() => this.#heard(parseControl(bytes))));
  }

  #heard(message: ControlMessage): void {
    if (this.#end !== undefined) return;
    this.#pulse.heard();
    if (this.#peer === undefined) {
      if (message.type === "bye") throw errorOf(message.error.code, message.error.message, this.#name);
      if (message.type !== "hello") throw invalid("a message before its hello");
      this.#prove(message);
      return;
    }
    switch (message.type) {
      case "hello":
        throw invalid("a second hello");
      case "ping":
        this.#post({ type: "pong", count: message.count });
        return;
      case "pong":
        this.#pulse.answered(message.count);
        return;
      case "load":
        this.#load = message;
        this.#tellNews();
        return;
      case "statement":
        this.#statement = this.#parseOwn(message.statement);
        this.#tellNews();
        return;
      case "bye":
        this.#finish(errorOf(message.error.code, message.error.message, this.#name));
        return;
      default:
        for (const listener of [...this.#messages]) listener(message);
    }
  }

  #prove({ versions, membership, statement }: Hello): void {
    const { verify, device, link, timers } = this.#options;
    if (!versions.includes(protocolVersion)) {
      const theirs = versions.slice(0, 4).join(", ");
      throw new RemoteMediaError(
        "peer-version",
        `${device} speaks version ${theirs} of the protocol, not ${protocolVersion}`,
        { hint: "bring both to the same version of the program" },
      );
    }
    const member = verify(membership);
    if (member.device !== device) throw denied(device, "shows the membership of another device");
    if (member.dtlsFingerprint !== link.remoteFingerprint)
      throw denied(member.name, "shows another certificate than its membership names");
    this.#statement = this.#parseOwn(statement);
    this.#peer = { device, name: member.name, mesh: member.mesh, roles: member.roles };
    this.#cancelPatience();
    this.#pulse.start();
    const look = () => {
      this.#guard(() => verify(membership));
      this.#cancelVerifying = timers.after(verifyMs, look);
    };
    this.#cancelVerifying = timers.after(verifyMs, look);
    this.#settled.resolve(this);
    this.#handOver();
  }

  /** A statement speaks of the device that sends it, whatever it says. */
  #parseOwn(statement: unknown): CapabilityStatement {
    return { ...parseStatement(statement), device: this.#options.device };
  }

  #tellNews(): void {
    for (const listener of [...this.#news]) listener();
  }

  #post(message: ControlMessage): void {
    const control = this.#control;
    if (control === undefined || control.state === "closed") return;
    if (control.bufferedBytes > maxBacklogBytes)
      throw new RemoteMediaError("peer-lost", `${this.#name} takes nothing`);
    control.send(encodeControl(message));
  }

  /** Whatever is thrown here ends this session and nothing else. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const error = toRemoteMediaError(thrown);
      const why =
        error.family === "internal" ? invalid(`something that broke us: ${error.message}`, thrown) : error;
      if (this.#end !== undefined) return;
      this.#say(why);
      this.#finish(why, 50);
    }
  }

  #say(why: RemoteMediaError): void {
    try {
      const message = printable(why.message, protocolBounds.textBytes / 4);
      this.#post({ type: "bye", error: { code: why.code, message } });
    } catch {
      // It learns it from the link's end.
    }
  }

  #finish(why: RemoteMediaError, lingerMs = 0): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#cancelPatience();
    this.#cancelVerifying();
    this.#pulse.stop();
    const { link, timers } = this.#options;
    if (lingerMs === 0) link.close();
    else timers.after(lingerMs, () => link.close());
    for (const { channel } of this.#arrived.splice(0)) channel.close();
    this.#settled.reject(why);
    for (const listener of [...this.#ends]) {
      try {
        listener(why);
      } catch {
        // The others are told all the same.
      }
    }
    this.#ends.clear();
    this.#messages.clear();
    this.#news.clear();
  }
}

function invalid(what: string, cause?: unknown): RemoteMediaError {
  return new RemoteMediaError("peer-invalid", `the peer sent ${what}`, { cause });
}

function denied(who: string, what: string): RemoteMediaError {
  return new RemoteMediaError("peer-denied", `${who} ${what}`);
}

/** What the other end says of why, as an error here. */
function errorOf(code: string, message: string, name: string): RemoteMediaError {
  return new RemoteMediaError(isErrorCode(code) ? code : "peer-lost", `${name}: ${printable(message, 256)}`);
}
