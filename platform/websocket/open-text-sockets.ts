// Text sockets by Bun's WebSockets: a server that bounds what comes, and a client.
import type { ServerWebSocket } from "bun";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { TextSocket, TextSocketServer, TextSockets } from "../contract/text-socket.ts";
import { BoundedSocket, maxBacklogBytes, maxTextBytes } from "./bounded-socket.ts";

/** Sockets that one address, and all together, may have open. */
const maxOfAddress = 16;
const maxSockets = 512;
/** A socket that says nothing for so long is closed, in seconds. */
const idleSeconds = 120;
const connectMs = 5000;

interface Attached {
  readonly address: string;
  socket?: BoundedSocket;
}

export function openTextSockets(): TextSockets {
  return { listen: listenForSockets, connect: connectSocket };
}

async function listenForSockets(
  { host, port }: { readonly host: string; readonly port: number },
  onSocket: (socket: TextSocket) => void,
): Promise<TextSocketServer> {
  const open = new Map<string, number>();
  let total = 0;
  const count = (address: string, change: number) => {
    total += change;
    const left = (open.get(address) ?? 0) + change;
    if (left === 0) open.delete(address);
    else open.set(address, left);
  };
  const serve = () =>
    Bun.serve<Attached>({
      hostname: host,
      port,
      fetch: (request, server) => {
        const address = server.requestIP(request)?.address ?? "unknown";
        // A page of somebody's web site must not speak to the machines of whoever looks at it.
        if (request.headers.has("origin")) return answer(403, "pages of other sites may not connect");
        if (total >= maxSockets || (open.get(address) ?? 0) >= maxOfAddress)
          return answer(503, "too many sockets");
        if (server.upgrade(request, { data: { address } })) return undefined;
        return answer(426, "this is where RemoteMedia agents find each other, by WebSocket");
      },
      websocket: {
        maxPayloadLength: maxTextBytes,
        backpressureLimit: maxBacklogBytes,
        closeOnBackpressureLimit: true,
        idleTimeout: idleSeconds,
        sendPings: true,
        open: (native) => {
          count(native.data.address, 1);
          const socket = new BoundedSocket(printable(native.data.address, 64), sendBy(native));
          native.data.socket = socket;
          socket.guard(() => onSocket(socket));
        },
        message: (native, message) => native.data.socket?.came(message),
        close: (native) => {
          count(native.data.address, -1);
          native.data.socket?.ended();
        },
      },
    });
  let server: ReturnType<typeof serve>;
  try {
    server = serve();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RemoteMediaError("config-invalid", `${host}:${port} can't be listened on: ${printable(why)}`, {
      cause,
      hint: "another program has the port, or the address isn't this machine's; `listen` in the agent's file says which to take",
    });
  }
  return {
    port: server.port ?? port,
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
    },
  };
}

function sendBy(native: ServerWebSocket<Attached>) {
  return {
    // 0: dropped, since it is closed or its backlog is full.
    send: (text: string) => native.send(text) !== 0,
    close: () => native.close(),
  };
}

function answer(status: number, text: string): Response {
  return new Response(`${text}\n`, { status });
}

async function connectSocket(url: string, signal: AbortSignal): Promise<TextSocket> {
  const name = printable(url, 200);
  const unreachable = (why: string, cause?: unknown) =>
    new RemoteMediaError("peer-unreachable", `${name} can't be reached: ${why}`, { cause });
  if (!/^wss?:\/\/[^\s/]+(\/[^\s]*)?$/.test(url)) throw unreachable("no address such as ws://10.0.0.7:7400");
  const opened = Promise.withResolvers<TextSocket>();
  let native: WebSocket;
  try {
    native = new WebSocket(url);
  } catch (cause) {
    throw unreachable("no address such as ws://10.0.0.7:7400", cause);
  }
  const socket = new BoundedSocket(name, {
    send: (text) => {
      if (native.bufferedAmount > maxBacklogBytes) return false;
      native.send(text);
      return true;
    },
    close: () => native.close(),
  });
  native.onopen = () => opened.resolve(socket);
  native.onmessage = ({ data }) => socket.came(data);
  native.onerror = () => opened.reject(unreachable("nobody answers there"));
  native.onclose = () => {
    opened.reject(unreachable("it was closed"));
    socket.ended();
  };
  const giveUp = (why: string) => () => {
    opened.reject(unreachable(why));
    native.close();
  };
  const timer = setTimeout(giveUp(`no answer in ${connectMs} ms`), connectMs);
  const stop = giveUp("given up");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await opened.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
