// A registry that misbehaves as its test says: raw bytes on a socket, or answers by request.
import { createServer, type Server, type Socket } from "node:net";
import type { Repository } from "../../../platform/contract/registry.ts";
import type { FindCredential } from "../../../platform/oci/credential.ts";
import {
  openRegistryClient,
  type RegistryClientOptions,
} from "../../../platform/oci/open-registry-client.ts";

/** What a request looked like. */
export interface SeenRequest {
  readonly line: string;
  readonly authorization: string | null;
  readonly range: string | null;
}

export interface BadRegistry extends AsyncDisposable {
  readonly host: string;
  readonly seen: SeenRequest[];
}

/** Answers each request but the probe of `/v2/`, which is answered well. */
export function startBadRegistry(
  answer: (request: Request, url: URL, count: number) => Response | Promise<Response>,
  hostname = "127.0.0.1",
): BadRegistry {
  const seen: SeenRequest[] = [];
  const server = Bun.serve({
    port: 0,
    hostname,
    idleTimeout: 0,
    fetch(request) {
      const url = new URL(request.url);
      const { headers } = request;
      const authorization = headers.get("authorization");
      const isProbe = url.pathname === "/v2/" && authorization === null;
      if (isProbe) return Response.json({});
      seen.push({
        line: `${request.method} ${url.pathname}${url.search}`,
        authorization,
        range: headers.get("range"),
      });
      return answer(request, url, seen.length);
    },
  });
  const host = `${hostname}:${server.port}`;
  return { host, seen, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Writes the next of `replies` to each connection but the probe's, and ends it where `ends` says so. */
export async function startRawRegistry(
  replies: readonly (string | ((range: string | null) => string))[],
  ends = true,
): Promise<BadRegistry> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const [line = "", ...headers] = data.toString("latin1").split("\r\n");
      if (line.startsWith("GET /v2/ "))
        return void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      const range = headers.find((header) => /^range:/i.test(header))?.slice(7) ?? null;
      const next = replies[Math.min(seen.length, replies.length - 1)] ?? "";
      const reply = typeof next === "string" ? next : next(range);
      seen.push({ line, authorization: null, range });
      if (ends) socket.end(reply, "latin1");
      else socket.write(reply, "latin1");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    host: `127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const secret: FindCredential = async () => ({ kind: "password", username: "me", password: "secret" });

/** A repository of it whose waits are noted and not waited for. */
export function openBad(
  { host }: { host: string },
  options: RegistryClientOptions = {},
): Repository & { readonly waits: number[] } {
  const waits: number[] = [];
  const open = openRegistryClient({
    sleep: async (ms) => void waits.push(ms),
    chance: () => 0.5,
    nowMs: () => 0,
    credentials: secret,
    ...options,
  });
  return Object.assign(open({ host, repository: "a/b" }), { waits });
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return Buffer.concat(all).toString("latin1");
}
