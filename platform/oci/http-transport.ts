// One HTTP exchange, streamed in both directions: no redirect is followed, nothing is unpacked, and no socket hangs unseen.
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import { transportError } from "./transport-error.ts";

/** Bytes to send; opened anew for each try. */
export interface HttpBody {
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | HttpBody;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  /** The body's bytes as they come; the sender waits where the reader is slow. Read once, or discarded. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection's rest. */
  discard(): Promise<void>;
}

export interface TransportOptions {
  /** How long neither side may move a byte. */
  readonly idleMs: number;
  /** PEM certificates that are believed; undefined: the built-in authorities. */
  readonly authorities: readonly string[] | undefined;
  readonly userAgent: string;
}

export type HttpTransport = (request: HttpRequest) => Promise<HttpReply>;

/** What a registry may take to look at one uploaded byte, after the last one came: 20 MB/s. */
const settleBytesPerMs = 20_000;
const maxHeaderBytes = 64 * 1024;

/** @throws RemoteMediaError `registry-unreachable`, `registry-insecure` (TLS), `registry-failed` (no HTTP) from the call and while its body is read */
export function openHttpTransport(options: TransportOptions): HttpTransport {
  return async (request) => {
    const watch = new IdleWatch(options.idleMs);
    try {
      const response = await fetch(request.url, fetchOptions(request, options, watch));
      watch.stop();
      checkHeaders(response.headers, request.url);
      return toReply(response, request.url, watch);
    } catch (error) {
      watch.stop();
      throw transportError(request.url, watch.expired ?? error);
    }
  };
}

function fetchOptions(
  request: HttpRequest,
  options: TransportOptions,
  watch: IdleWatch,
): BunFetchRequestInit {
  const { body } = request;
  watch.start();
  const length = body instanceof Uint8Array ? body.length : body?.size;
  return {
    method: request.method,
    headers: {
      "user-agent": options.userAgent,
      "accept-encoding": "identity",
      ...request.headers,
      ...(length === undefined ? {} : { "content-length": String(length) }),
    },
    redirect: "manual",
    decompress: false,
    signal: watch.signal,
    // The idle watch is stricter, and knows whom one is waiting for.
    timeout: false,
    ...(options.authorities === undefined ? {} : { tls: { ca: [...options.authorities] } }),
    ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : streamOf(body, watch) }),
  } as BunFetchRequestInit;
}

/** Pulled by the socket. While our own side reads, the registry isn't to blame, so the watch stands still. */
function streamOf(body: HttpBody, watch: IdleWatch): ReadableStream<Uint8Array> {
  const source = body.open()[Symbol.asyncIterator]();
  let left = body.size;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        watch.stop();
        const next = left > 0 ? await source.next() : undefined;
        if (next === undefined || next.done === true) {
          controller.close();
          watch.start(body.size / settleBytesPerMs);
          return void source.return?.();
        }
        left -= next.value.length;
        if (left < 0) {
          throw new RemoteMediaError("internal", "an upload's source gave more bytes than it said");
        }
        controller.enqueue(next.value);
        watch.start(left === 0 ? body.size / settleBytesPerMs : 0);
      },
      async cancel() {
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function checkHeaders(headers: Headers, url: URL): void {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  if (bytes > maxHeaderBytes) {
    throw new RemoteMediaError("registry-failed", `${printable(url.host)} sent ${bytes} bytes of headers`);
  }
}

function toReply(response: Response, url: URL, watch: IdleWatch): HttpReply {
  return {
    status: response.status,
    headers: response.headers,
    body: readBody(response, url, watch),
    discard: async () => response.body?.cancel().catch(() => {}),
  };
}

async function* readBody(response: Response, url: URL, watch: IdleWatch): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      watch.start();
      const next = await reader.read();
      watch.stop();
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw transportError(url, watch.expired ?? error);
  } finally {
    watch.stop();
    // A consumer that leaves early leaves the connection as well.
    await reader.cancel().catch(() => {});
  }
}

/** Aborts what it watches once nothing has moved for the limit. */
class IdleWatch {
  readonly #controller = new AbortController();
  readonly #limitMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Set once the limit is over. */
  expired: RemoteMediaError | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(extraMs = 0): void {
    clearTimeout(this.#timer);
    const limitMs = this.#limitMs + Math.round(extraMs);
    this.#timer = setTimeout(() => {
      this.expired = new RemoteMediaError("registry-unreachable", `no byte moved for ${limitMs} ms`);
      this.#controller.abort(this.expired);
    }, limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
