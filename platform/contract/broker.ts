// A message broker as we use it: MQTT v5, by topics.

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

export interface PublishOptions {
  /** Default 1. */
  readonly qos?: 0 | 1;
  /** Default false. */
  readonly retain?: boolean;
  /** The broker forgets it after so long. Default never. */
  readonly expirySeconds?: number;
}

export interface BrokerWill {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly delaySeconds: number;
}

/** A connection that is kept up: it comes back by itself, with growing pauses, and subscribes again. The broker and everything from it is untrusted. */
export interface Broker extends AsyncDisposable {
  readonly isConnected: boolean;
  onState(listener: (isConnected: boolean) => void): void;
  /** Resolves when the broker has it (QoS 1) or it is sent (QoS 0). While the connection is down a bounded number waits; beyond it rejects.
   * @throws RemoteMediaError `broker-unreachable` */
  publish(topic: string, payload: Uint8Array, options?: PublishOptions): Promise<void>;
  /** `filter` may hold `+` and `#`; of filters that overlap a listener may hear a message once for each.
   * Payloads over 256 KiB are dropped unread. What the listener throws is told to nobody and stops nothing. The function given ends it. */
  subscribe(filter: string, listener: (message: BrokerMessage) => void): Promise<() => void>;
}
