// A broker inside this program, by Aedes: for one machine that has nothing set up, not for a fleet.
import { createServer, type Server } from "node:net";
import { Aedes } from "aedes";
import { RemoteMediaError } from "../base/error.ts";

export interface EmbeddedBroker extends AsyncDisposable {
  readonly port: number;
}

const maxClients = 256;

/** `port` 0 takes a free one. Nobody has to show who they are: listen on the loopback. @throws RemoteMediaError `config-invalid` where the address can't be listened on */
export async function openEmbeddedBroker(at: {
  readonly host: string;
  readonly port: number;
}): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  server.maxConnections = maxClients;
  // A client that breaks off, or never spoke MQTT, is nobody's trouble.
  broker.on("clientError", () => {});
  broker.on("connectionError", () => {});
  try {
    await listen(server, at);
  } catch (cause) {
    throw new RemoteMediaError("config-invalid", `${at.host}:${at.port} can't be listened on`, {
      cause,
      hint: "another program has the port",
    });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : at.port,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => broker.close(resolve));
      server.close();
    },
  };
}

function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
