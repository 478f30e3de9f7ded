// A small body as a whole: never more than it may be.
import { RemoteMediaError } from "../base/error.ts";
import type { HttpReply } from "./http-transport.ts";

/** @throws RemoteMediaError `registry-failed` where more comes than `maxBytes`, naming what it is */
export async function readBounded(reply: HttpReply, maxBytes: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of reply.body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new RemoteMediaError("registry-failed", `${what} is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks));
}
