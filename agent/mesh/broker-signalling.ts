// Signalling over an MQTT broker, which is believed nothing: it carries sealed signals, and says who may be there.
import type { Broker, BrokerMessage } from "../../platform/contract/broker.ts";
import { isDeviceId } from "./device-id.ts";
import type { SignalEvents, SignalRoute, SignalTransport } from "./signal-transport.ts";

const signalExpirySeconds = 30;

/** The topics of one device. */
export function deviceTopic(mesh: string, device: string, leaf: string): string {
  return `rm/v1/${mesh}/d/${device}/${leaf}`;
}

export interface BrokerSignallingOptions {
  readonly broker: Broker;
  readonly mesh: string;
  readonly device: string;
  /** For people: the broker's address. */
  readonly name: string;
}

export class BrokerSignalling implements SignalTransport {
  readonly name: string;
  readonly #options: BrokerSignallingOptions;
  readonly #ends: (() => void)[] = [];
  readonly #route: SignalRoute;
  #isClosed = false;

  constructor(options: BrokerSignallingOptions) {
    this.#options = options;
    this.name = options.name;
    const { broker, mesh, name } = options;
    this.#route = {
      name,
      get isOpen() {
        return broker.isConnected;
      },
      send: (to, _method, envelope) => {
        // An announcement to nobody in particular is for sockets.
        if (!isDeviceId(to)) return;
        const payload = new TextEncoder().encode(envelope);
        broker
          .publish(deviceTopic(mesh, to, "sig"), payload, { expirySeconds: signalExpirySeconds })
          .catch(() => {});
      },
    };
  }

  start(events: SignalEvents): void {
    const { broker, mesh, device } = this.#options;
    const subscribe = async (filter: string, listener: (message: BrokerMessage) => void): Promise<void> => {
      const end = await broker.subscribe(filter, listener);
      if (this.#isClosed) end();
      else this.#ends.push(end);
    };
    const decoder = new TextDecoder();
    // A connection that is down subscribes when it is back: nobody waits for that here.
    subscribe(deviceTopic(mesh, device, "sig"), ({ payload, retained }) => {
      // A retained signal is somebody's mistake, or a trap for every start.
      if (!retained) events.onSignal(decoder.decode(payload), this.#route);
    }).catch(() => {});
    subscribe(deviceTopic(mesh, "+", "status"), ({ topic, payload }) => {
      const other = topic.split("/")[4];
      if (isDeviceId(other) && other !== device) events.onDevice(other, isOnline(decoder.decode(payload)));
    }).catch(() => {});
  }

  routeTo(): SignalRoute {
    return this.#route;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#ends.splice(0)) end();
  }
}

function isOnline(text: string): boolean {
  try {
    return (JSON.parse(text.slice(0, 4096)) as { state?: unknown } | null)?.state === "online";
  } catch {
    return false;
  }
}
