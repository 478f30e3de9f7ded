// What every broker that a device may be given has to do for `connectBroker`.
import { describe, expect, test } from "vitest";
import type { BrokerMessage } from "../../platform/contract/broker.ts";
import {
  type BrokerOptions,
  type ConnectedBroker,
  connectBroker,
} from "../../platform/mqtt/connect-broker.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);
let clients = 0;

export async function connected(url: string, more: Partial<BrokerOptions> = {}): Promise<ConnectedBroker> {
  const broker = await connectBroker({ url, clientId: `test-${process.pid}-${++clients}`, ...more });
  await expect.poll(() => broker.isConnected, { timeout: 10_000 }).toBe(true);
  return broker;
}

/** @param open gives the address of a broker that has nothing retained */
export function describeBroker(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly url: string }>,
): void {
  describe(name, () => {
    test("carries messages to whoever subscribed, and to nobody who ended that", async () => {
      await using broker = await open();
      await using near = await connected(broker.url);
      await using far = await connected(broker.url);
      const got: string[] = [];
      const end = await far.subscribe("rm/+/sig", ({ topic, payload }) =>
        got.push(`${topic} ${text(payload)}`),
      );
      await far.subscribe("rm/+/sig", () => {
        throw new TypeError("of the test");
      });
      await near.publish("rm/a/sig", bytes("one"), { expirySeconds: 30 });
      await near.publish("rm/a/other", bytes("two"));
      await near.publish("rm/b/sig", bytes("three"), { qos: 0 });
      await expect.poll(() => got).toEqual(["rm/a/sig one", "rm/b/sig three"]);
      end();
      const last = Promise.withResolvers<BrokerMessage>();
      await far.subscribe("rm/c/last", last.resolve);
      await near.publish("rm/c/sig", bytes("four"));
      await near.publish("rm/c/last", bytes("five"));
      expect((await last.promise).retained).toBe(false);
      expect(got).toHaveLength(2);
    });

    test("tells those who come later what is retained", async () => {
      await using broker = await open();
      await using near = await connected(broker.url);
      await near.publish("rm/a/status", bytes("online"), { retain: true });
      await using far = await connected(broker.url);
      const got = Promise.withResolvers<BrokerMessage>();
      await far.subscribe("rm/+/status", got.resolve);
      const message = await got.promise;
      expect([message.retained, text(message.payload)]).toEqual([true, "online"]);
    });

    test("a payload of more than 256 KiB reaches no listener, and what follows does", async () => {
      await using broker = await open();
      await using near = await connected(broker.url);
      await using far = await connected(broker.url);
      const got: number[] = [];
      await far.subscribe("rm/a", ({ payload }) => got.push(payload.length));
      await near.publish("rm/a", new Uint8Array(256 * 1024 + 1)).catch(() => {});
      await expect.poll(() => near.isConnected && far.isConnected, { timeout: 10_000 }).toBe(true);
      await near.publish("rm/a", new Uint8Array(3));
      await expect.poll(() => got.at(-1), { timeout: 10_000 }).toBe(3);
      expect(Math.max(...got)).toBeLessThanOrEqual(256 * 1024);
    });
  });
}
