// A part of what is uploaded, as a body that can be opened again: out of the file where there is one, else out of the reader.
import { open } from "node:fs/promises";
import { RemoteMediaError } from "../base/error.ts";
import type { BlobUpload } from "../contract/registry.ts";
import type { HttpBody } from "./http-transport.ts";

const chunkBytes = 1024 * 1024;

/** Gives exactly `size` bytes from `offset` on. @throws RemoteMediaError `package-missing` where the file can't be read; `package-invalid` where it is shorter */
export function uploadPart(upload: BlobUpload, offset: number, size: number): HttpBody {
  const told = (done: number) => upload.onProgress?.(offset + done);
  return { size, open: () => exactly(sourceOf(upload, offset, size), size, upload.descriptor.digest, told) };
}

function sourceOf(upload: BlobUpload, offset: number, size: number): AsyncIterable<Uint8Array> {
  if (upload.file === undefined) return upload.read(offset);
  return readFilePart(upload.file, (upload.fileOffset ?? 0) + offset, size);
}

async function* exactly(
  source: AsyncIterable<Uint8Array>,
  size: number,
  digest: string,
  told: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of source) {
    const part = chunk.length > size - done ? chunk.subarray(0, size - done) : chunk;
    if (part.length === 0) continue;
    // The socket asks for the next bytes once it has taken the last.
    if (done > 0) told(done);
    done += part.length;
    yield part;
    if (done === size) return;
  }
  throw new RemoteMediaError(
    "package-invalid",
    `the blob ${digest} is shorter than it should be: ${done} of ${size} bytes`,
    {
      where: { digest },
    },
  );
}

async function* readFilePart(path: string, offset: number, size: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r").catch((cause) => {
    throw new RemoteMediaError("package-missing", `${path} can't be read`, { where: { file: path }, cause });
  });
  try {
    for (let at = 0; at < size; ) {
      // A buffer of its own each time: the socket may still hold the last.
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, offset + at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
