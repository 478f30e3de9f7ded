// Services on the local network by multicast DNS: ours told, others found.
import { networkInterfaces } from "node:os";
import type { MulticastDNS, ResponsePacket } from "multicast-dns";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { Discovery, Service } from "../contract/discovery.ts";

/** How long others may believe us without hearing more, in seconds. @see RFC 6762, section 10 */
const ttlSeconds = 120;
/** How often is asked who is there; answers that come unasked are heard as well. */
const askMs = 60_000;
const maxServices = 256;
const maxAddresses = 8;
const maxTxtKeys = 16;
const goodbyeMs = 500;

/** `onProblem` is told, once, when the network can't be used: then nobody is found, and nothing else happens. */
export async function openDiscovery(onProblem: (problem: RemoteMediaError) => void): Promise<Discovery> {
  const { default: open } = await import("multicast-dns");
  let isTold = false;
  const tell = (cause: unknown) => {
    if (isTold) return;
    isTold = true;
    const why = cause instanceof Error ? cause.message : String(cause);
    onProblem(
      new RemoteMediaError("peer-unreachable", `mDNS doesn't work here: ${printable(why)}`, { cause }),
    );
  };
  return new MdnsDiscovery(open({ loopback: true }), tell);
}

interface Advertised {
  readonly type: string;
  readonly service: Pick<Service, "name" | "port" | "txt">;
}

interface Found {
  readonly service: Service;
  expiresMs: number;
}

class MdnsDiscovery implements Discovery {
  readonly #mdns: MulticastDNS;
  readonly #tell: (cause: unknown) => void;
  readonly #advertised: Advertised[] = [];
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  constructor(mdns: MulticastDNS, tell: (cause: unknown) => void) {
    this.#mdns = mdns;
    this.#tell = tell;
    // Packets that are none come as warnings, a network that is none as errors.
    mdns.on("error", tell);
    mdns.on("warning", () => {});
    mdns.on("query", (query) => {
      for (const one of this.#advertised) {
        const isAsked = (query.questions ?? []).some(
          ({ name, type }) => name === `${one.type}.local` && ["PTR", "ANY"].includes(type),
        );
        if (isAsked) this.#respond(one, ttlSeconds);
      }
    });
  }

  advertise(type: string, service: Pick<Service, "name" | "port" | "txt">): void {
    const one = { type, service };
    this.#advertised.push(one);
    this.#respond(one, ttlSeconds);
    const again = setInterval(() => this.#respond(one, ttlSeconds), (ttlSeconds / 2) * 1000);
    again.unref();
    this.#timers.push(again);
  }

  browse(type: string, onFound: (service: Service) => void, onLost: (name: string) => void): void {
    const found = new Map<string, Found>();
    const ask = () =>
      this.#guard(() => this.#mdns.query({ questions: [{ name: `${type}.local`, type: "PTR" }] }));
    this.#mdns.on("response", (response) =>
      this.#guard(() => {
        for (const { service, ttl } of readServices(response, type)) {
          if (ttl === 0) {
            if (found.delete(service.name)) onLost(service.name);
            continue;
          }
          const known = found.get(service.name);
          if (known === undefined && found.size >= maxServices) continue;
          found.set(service.name, { service, expiresMs: performance.now() + ttl * 1000 });
          if (JSON.stringify(known?.service) !== JSON.stringify(service)) onFound(service);
        }
      }),
    );
    const look = setInterval(() => {
      ask();
      for (const [name, { expiresMs }] of found) {
        if (expiresMs > performance.now()) continue;
        found.delete(name);
        onLost(name);
      }
    }, askMs);
    look.unref();
    this.#timers.push(look);
    ask();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const goodbyes = this.#advertised.map(
      (one) => new Promise<void>((resolve) => this.#respond(one, 0, resolve)),
    );
    // A network that takes nothing is not waited for.
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, goodbyeMs);
    await Promise.race([Promise.all(goodbyes), late.promise]);
    clearTimeout(timer);
    await new Promise<void>((resolve) => this.#mdns.destroy(() => resolve()));
  }

  /** A time to live of 0 is a goodbye. */
  #respond({ type, service }: Advertised, ttl: number, onSent = () => {}): void {
    const instance = `${service.name}.${type}.local`;
    const target = `${service.name}.local`;
    const addresses = ownAddresses();
    this.#guard(() =>
      this.#mdns.respond(
        {
          answers: [
            { name: `${type}.local`, type: "PTR", ttl, data: instance },
            {
              name: instance,
              type: "SRV",
              ttl,
              data: { target, port: service.port, priority: 0, weight: 0 },
            },
            {
              name: instance,
              type: "TXT",
              ttl,
              data: Object.entries(service.txt).map(([key, value]) => `${key}=${value}`),
            },
          ],
          additionals: addresses.map(({ address, isV6 }) => ({
            name: target,
            type: isV6 ? ("AAAA" as const) : ("A" as const),
            ttl,
            data: address,
          })),
        },
        () => onSent(),
      ),
    );
  }

  /** What comes from the network, or doesn't leave for it, breaks nothing here. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#tell(thrown);
    }
  }
}

function ownAddresses(): { address: string; isV6: boolean }[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
    .slice(0, maxAddresses)
    .map(({ address, family }) => ({ address, isV6: family === "IPv6" }));
}

/** The services of this type that a response tells of whole. Attacker-controlled. */
export function readServices(response: ResponsePacket, type: string): { service: Service; ttl: number }[] {
  const suffix = `.${type}.local`;
  const records = [...(response.answers ?? []), ...(response.additionals ?? [])].slice(0, 512);
  return records.flatMap((record) => {
    if (record.type !== "SRV" || !record.name.endsWith(suffix)) return [];
    const { target, port } = record.data ?? {};
    if (typeof target !== "string" || typeof port !== "number") return [];
    const name = record.name.slice(0, -suffix.length);
    if (!/^[A-Za-z0-9-]{1,63}$/.test(name) || port < 1 || port > 65_535) return [];
    const addresses = records
      .flatMap((other) =>
        (other.type === "A" || other.type === "AAAA") && other.name === target ? [other.data] : [],
      )
      .slice(0, maxAddresses);
    const txt = records.find((other) => other.type === "TXT" && other.name === record.name);
    const service = {
      name,
      host: printable(target, 255),
      addresses,
      port,
      txt: readTxt(txt !== undefined && "data" in txt ? txt.data : undefined),
    };
    return [{ service, ttl: Math.min(record.ttl ?? ttlSeconds, 4500) }];
  });
}

function readTxt(data: unknown): Record<string, string> {
  const texts = (Array.isArray(data) ? data : [data]).slice(0, maxTxtKeys);
  return Object.fromEntries(
    texts.flatMap((text) => {
      const [, key, value] = /^([A-Za-z0-9_-]{1,32})=(.*)$/s.exec(String(text ?? "").slice(0, 255)) ?? [];
      return key === undefined || value === undefined ? [] : [[key, printable(value, 200)]];
    }),
  );
}
