// The control socket: HTTP over a unix socket that only the agent's user may open.
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers, type Timers } from "../../platform/contract/timers.ts";
import type { AgentView } from "./agent-view.ts";
import type { TopDocument } from "./control-documents.ts";

export interface ControlServerOptions {
  /** Of the socket; its folder is there. */
  readonly path: string;
  readonly view: AgentView;
  readonly timers?: Timers;
}

export interface ControlServer extends AsyncDisposable {
  readonly path: string;
}

/** Time between two lines of `top`. */
const topGapMs = 1000;
/** Who watch `top` at once. */
const maxWatchers = 32;
/** How long a socket that takes us may be silent before it counts as dead. */
const probeMs = 1000;

/** Listens. The socket of an agent that has died is replaced.
 * @throws RemoteMediaError `agent-running` where somebody answers on it, `config-invalid` where it can't be made */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, view, timers = systemTimers } = options;
  await removeStale(path);
  const ends = new Set<() => void>();
  const answer = (request: Request): Response => {
    try {
      return route(request, view, () => watchTop(view, timers, ends));
    } catch (thrown) {
      return refuse(500, toRemoteMediaError(thrown));
    }
  };
  // The mask is the process's: nothing else runs between the two, and the socket is never open to others, not even for a moment.
  const mask = process.umask(0o177);
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({ unix: path, maxRequestBodySize: 4096, fetch: answer });
  } catch (thrown) {
    throw unusable(path, thrown);
  } finally {
    process.umask(mask);
  }
  const own = await lstat(path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const end of ends) end();
      await server.stop(true);
      const found = await lstat(path).catch(() => undefined);
      // Somebody may have put another in its place.
      if (found?.ino === own.ino) await unlink(path).catch(() => {});
    },
  };
}

function route(
  request: Request,
  view: AgentView,
  watch: () => ReadableStream<Uint8Array> | undefined,
): Response {
  const { pathname, searchParams } = new URL(request.url);
  switch (`${request.method} ${pathname}`) {
    case "GET /v1/status":
      return Response.json(view.status());
    case "GET /v1/peers":
      return Response.json(view.peers());
    case "GET /v1/top": {
      if (searchParams.has("once")) return Response.json(view.top());
      const stream = watch();
      if (stream !== undefined)
        return new Response(stream, { headers: { "content-type": "application/x-ndjson" } });
      return refuse(503, new RemoteMediaError("peer-busy", "too many watch already"));
    }
    case "POST /v1/drain":
      view.drain();
      return Response.json({ v: 1, draining: true }, { status: 202 });
    default:
      return refuse(404, new RemoteMediaError("usage", "there is nothing of that name here"));
  }
}

function refuse(status: number, { code, message }: RemoteMediaError): Response {
  return Response.json({ error: { code, message } }, { status });
}

/** A line now and one each second, as fast as the reader takes them; undefined when too many watch. */
function watchTop(
  view: AgentView,
  timers: Timers,
  ends: Set<() => void>,
): ReadableStream<Uint8Array> | undefined {
  if (ends.size >= maxWatchers) return undefined;
  let wake = (): void => {};
  let takeBack = (): void => {};
  let isOver = false;
  let hasBegun = false;
  const end = (): void => {
    isOver = true;
    ends.delete(end);
    takeBack();
    wake();
  };
  ends.add(end);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (hasBegun && !isOver) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            takeBack = timers.after(topGapMs, resolve);
          });
        }
        hasBegun = true;
        if (isOver) return controller.close();
        try {
          controller.enqueue(encodeLine(view.top()));
        } catch (thrown) {
          end();
          controller.error(thrown);
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

function encodeLine(document: TopDocument): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(document)}\n`);
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw unusable(path, new RemoteMediaError("config-invalid", "something else is there"));
  if (await isAnswered(path)) throw runningAlready(path);
  await unlink(path).catch(() => {});
}

/** Whether somebody listens on it. */
function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.setTimeout(probeMs, () => resolve(true));
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** The refusal of a second agent. */
export function runningAlready(path: string): RemoteMediaError {
  return new RemoteMediaError("agent-running", "an agent runs here already", {
    where: { file: path },
    hint: "remotemedia status shows it; a second one needs its own REMOTEMEDIA_HOME",
  });
}

function unusable(path: string, thrown: unknown): RemoteMediaError {
  return new RemoteMediaError(
    "config-invalid",
    `the control socket can't be made: ${toRemoteMediaError(thrown).message}`,
    {
      where: { file: path },
      hint: "name another place by control_socket in the agent's file",
      cause: thrown,
    },
  );
}
