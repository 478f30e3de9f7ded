// The echo over gRPC: one stream both ways, bytes as they are.
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { EchoLedger, type EchoWay, startEchoPeer } from "./echo-way.ts";

const path = "/echo.Echo/Stream";
const asIs = (bytes: Buffer) => bytes;
const maxMessageBytes = 16 * 1024 * 1024;
const limits = {
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
};

export async function openGrpcEcho(): Promise<EchoWay> {
  const peer = startEchoPeer("grpc");
  const port = (await peer.next()) as number;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), limits);
  const stream = client.makeBidiStreamRequest(path, asIs, asIs);
  const ledger = new EchoLedger();
  stream.on("data", (bytes: Buffer) => ledger.came(bytes.length));
  stream.on("error", () => {});
  return {
    name: "gRPC by grpc-js",
    echo: async (bytes) => {
      const back = ledger.expect(bytes.length);
      if (!stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
        await new Promise<void>((resolve) => stream.once("drain", resolve));
      await back;
    },
    pid: peer.pid,
    close: async () => {
      stream.end();
      client.close();
      peer.kill();
    },
  };
}

/** The other process's part. */
export function serveGrpcEcho(): void {
  const server = new Server(limits);
  const service: ServiceDefinition = {
    stream: {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  };
  server.addService(service, {
    stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on("data", (bytes: Buffer) => {
        if (call.write(bytes)) return;
        call.pause();
        call.once("drain", () => call.resume());
      });
      call.on("end", () => call.end());
    },
  });
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => process.send?.(port));
}
