// A broker by MQTT.js, version 5 of the protocol: kept connected, bounded, and believed nothing.
import type { IClientOptions, MqttClient } from "mqtt";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { Broker, BrokerMessage, BrokerWill, PublishOptions } from "../contract/broker.ts";

export interface BrokerOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  readonly url: string;
  /** What the broker knows this connection by; unique among its clients. */
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly will?: BrokerWill | undefined;
  /** How long the broker keeps subscriptions and messages of a client that is gone. Default 0. */
  readonly sessionExpirySeconds?: number | undefined;
}

export interface ConnectedBroker extends Broker {
  /** Why it isn't connected, as it was last said; undefined when it is, or when nobody has said. */
  readonly problem: RemoteMediaError | undefined;
}

const maxPayloadBytes = 256 * 1024;
/** Messages that wait while the connection is down. */
const maxWaiting = 256;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
const keepAliveSeconds = 20;
const goodbyeMs = 1000;

interface Subscription {
  readonly filter: string;
  readonly listener: (message: BrokerMessage) => void;
}

/** Returns before it is connected: a broker that is away keeps nobody from starting. @throws RemoteMediaError `config-invalid` for an address that is none */
export async function connectBroker(options: BrokerOptions): Promise<ConnectedBroker> {
  if (!/^(mqtts?|wss?):\/\/[^\s/]+/.test(options.url)) {
    throw new RemoteMediaError("config-invalid", `${printable(options.url)} is no address of a broker`, {
      hint: "such as mqtt://10.0.0.7:1883 or mqtts://broker.example:8883",
    });
  }
  const { connect } = await import("mqtt");
  return new MqttBroker(options, connect);
}

class MqttBroker implements ConnectedBroker {
  problem: RemoteMediaError | undefined;
  readonly #client: MqttClient;
  readonly #name: string;
  readonly #subscriptions = new Set<Subscription>();
  readonly #ended = Promise.withResolvers<never>();
  readonly #listeners: ((isConnected: boolean) => void)[] = [];
  #pauseMs = firstPauseMs;
  #waiting = 0;
  #isConnected = false;

  constructor(options: BrokerOptions, connect: (url: string, options: IClientOptions) => MqttClient) {
    this.#name = printable(options.url.replace(/\/\/[^@/]*@/, "//"), 200);
    this.#ended.promise.catch(() => {});
    const client = connect(options.url, describe(options));
    this.#client = client;
    client.on("connect", () => this.#connected());
    client.on("close", () => this.#lost());
    client.on("error", (error) => this.#complained(error));
    client.on("message", (topic, payload, packet) => {
      if (payload.length > maxPayloadBytes) return;
      this.#heard({ topic, payload: new Uint8Array(payload), retained: packet.retain });
    });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  onState(listener: (isConnected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async publish(topic: string, payload: Uint8Array, options: PublishOptions = {}): Promise<void> {
    const { qos = 1, retain = false, expirySeconds } = options;
    if (this.#waiting >= maxWaiting) throw this.#unreachable("too much waits to be sent");
    this.#waiting += 1;
    try {
      const taken = this.#client.publishAsync(topic, Buffer.from(payload), {
        qos,
        retain,
        ...(expirySeconds === undefined ? {} : { properties: { messageExpiryInterval: expirySeconds } }),
      });
      await Promise.race([taken, this.#ended.promise]);
    } catch (cause) {
      throw this.#unreachable("the message wasn't taken", cause);
    } finally {
      this.#waiting -= 1;
    }
  }

  async subscribe(filter: string, listener: (message: BrokerMessage) => void): Promise<() => void> {
    const subscription = { filter, listener };
    this.#subscriptions.add(subscription);
    if (this.#isConnected) await this.#subscribe(filter);
    return () => {
      this.#subscriptions.delete(subscription);
      if ([...this.#subscriptions].some((other) => other.filter === filter)) return;
      if (this.#isConnected) this.#client.unsubscribeAsync(filter).catch(() => {});
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.length = 0;
    this.#subscriptions.clear();
    // A goodbye where somebody takes it; a broker that is away is not waited for.
    const ended = this.#client.endAsync(!this.#isConnected).catch(() => {});
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, goodbyeMs);
    await Promise.race([ended, late.promise]);
    clearTimeout(timer);
    this.#client.end(true);
    this.#ended.reject(this.#unreachable("the connection is given up"));
  }

  #connected(): void {
    this.#isConnected = true;
    this.problem = undefined;
    this.#pauseMs = firstPauseMs;
    for (const filter of new Set([...this.#subscriptions].map((one) => one.filter))) {
      this.#subscribe(filter).catch(() => {});
    }
    this.#tell();
  }

  async #subscribe(filter: string): Promise<void> {
    try {
      await this.#client.subscribeAsync(filter, { qos: 1 });
    } catch (cause) {
      throw this.#unreachable(`it refuses to tell of ${printable(filter)}`, cause);
    }
  }

  #lost(): void {
    // Spread, so that ten thousand devices don't come back in the same second.
    this.#client.options.reconnectPeriod = this.#pauseMs * (0.5 + Math.random());
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#tell();
  }

  #complained(error: Error): void {
    const code = "code" in error ? error.code : undefined;
    // Reason codes of CONNACK from 0x80 on are the broker's refusals.
    const isRefusal = code === 0x86 || code === 0x87 || code === 4 || code === 5;
    this.problem = isRefusal
      ? new RemoteMediaError(
          "broker-denied",
          `${this.#name} refuses this agent: ${printable(error.message)}`,
          {
            hint: "`broker` in the agent's file has the user name, the password's file and the certificate",
          },
        )
      : this.#unreachable(printable(error.message), error);
  }

  #heard(message: BrokerMessage): void {
    for (const { filter, listener } of [...this.#subscriptions]) {
      if (!matches(filter, message.topic)) continue;
      try {
        listener(message);
      } catch {
        // One listener's trouble is no other's.
      }
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener(this.#isConnected);
  }

  #unreachable(why: string, cause?: unknown): RemoteMediaError {
    return new RemoteMediaError("broker-unreachable", `${this.#name}: ${why || "nobody answers"}`, { cause });
  }
}

function describe(options: BrokerOptions): IClientOptions {
  const { clientId, username, password, ca, cert, key, will, sessionExpirySeconds = 0 } = options;
  return {
    protocolVersion: 5,
    clientId,
    clean: sessionExpirySeconds === 0,
    keepalive: keepAliveSeconds,
    connectTimeout: 10_000,
    reconnectPeriod: firstPauseMs,
    resubscribe: false,
    properties: { sessionExpiryInterval: sessionExpirySeconds, maximumPacketSize: maxPayloadBytes + 4096 },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(will === undefined
      ? {}
      : {
          will: {
            topic: will.topic,
            payload: Buffer.from(will.payload),
            qos: 1,
            retain: will.retain,
            properties: { willDelayInterval: will.delaySeconds },
          },
        }),
  };
}

/** Whether a topic fits a filter. @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901241 */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [at, level] of wanted.entries()) {
    if (level === "#") return true;
    if (levels[at] === undefined || (level !== "+" && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}
