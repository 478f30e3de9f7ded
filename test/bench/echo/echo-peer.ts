// The process that sends back what it is given. Usage: bun echo-peer.ts KIND [WORDS…], with IPC.
import type { EchoKind } from "./echo-way.ts";

const [kind, word] = process.argv.slice(2) as [EchoKind, string | undefined];
// Each way loads its own library only, as its memory is looked at too.
if (kind === "raw") (await import("./raw-echo.ts")).serveRawEcho();
else if (kind === "mqtt") await (await import("./mqtt-echo.ts")).serveMqttEcho(word ?? "");
else if (kind === "grpc") (await import("./grpc-echo.ts")).serveGrpcEcho();
else await (await import("./offload-echo.ts")).serveOffloadEcho();
process.on("disconnect", () => process.exit(0));
