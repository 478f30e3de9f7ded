// The echo over MQTT: two clients, QoS 0, mosquitto between them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { EchoLedger, type EchoWay, startEchoPeer } from "./echo-way.ts";

export async function openMqttEcho(port: number): Promise<EchoWay> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-mqtt-"));
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const broker = Bun.spawn(["mosquitto", "-c", file], { stdio: ["ignore", "ignore", "ignore"] });
  const url = `mqtt://127.0.0.1:${port}`;
  const peer = startEchoPeer("mqtt", url);
  await peer.next();
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 100 });
  const ledger = new EchoLedger();
  client.on("message", (_topic, payload) => ledger.came(payload.length));
  await client.subscribeAsync("echo/back");
  return {
    name: "MQTT.js through mosquitto",
    echo: async (bytes) => {
      const back = ledger.expect(bytes.length);
      await client.publishAsync("echo/there", bytes as Buffer, { qos: 0 });
      await back;
    },
    pid: peer.pid,
    close: async () => {
      await client.endAsync(true);
      peer.kill();
      broker.kill();
      await broker.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The other process's part. */
export async function serveMqttEcho(url: string): Promise<void> {
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 100 });
  client.on("message", (_topic, payload) => {
    client.publish("echo/back", payload, { qos: 0 });
  });
  await client.subscribeAsync("echo/there");
  process.send?.("ready");
}
