// A registry's front that holds one large blob back in the middle, once: so that a test can end who reads it.

export interface StallingProxy extends Disposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Resolves when the blob is being held back. */
  readonly stalled: Promise<void>;
}

/** Stops for good after `afterBytes` of the first blob of `blobBytes`; all else, and that blob's later readers, pass. */
export function openStallingProxy(upstream: string, blobBytes: number, afterBytes: number): StallingProxy {
  const { promise: stalled, resolve } = Promise.withResolvers<void>();
  let isFirst = true;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete("host");
      const answer = await fetch(`${upstream}${pathname}${search}`, { method: request.method, headers });
      const isBlob = answer.headers.get("content-length") === String(blobBytes);
      if (!isBlob || !isFirst || request.method !== "GET") return answer;
      isFirst = false;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.subarray(0, afterBytes));
          resolve();
        },
      });
      return new Response(body, { status: 200, headers: answer.headers });
    },
  });
  return {
    host: `127.0.0.1:${server.port}`,
    stalled,
    [Symbol.dispose]: () => void server.stop(true),
  };
}
