// Requests and admissions as files: read with a bound, written as a whole.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { writeWholeFile } from "../../platform/store/whole-file.ts";
import { readBounded } from "./read-bounded.ts";

const maxBytes = 64 * 1024;

/** `-` is stdin. @throws RemoteMediaError `usage` where it can't be read, `membership-invalid` where it is far too large */
export async function readDocument(file: string): Promise<Uint8Array> {
  const bytes = await (file === "-" ? readStdin() : readBounded(file, maxBytes)).catch((thrown: unknown) => {
    throw new RemoteMediaError(
      "usage",
      `mesh: ${file} can't be read: ${toRemoteMediaError(thrown).message}`,
      {
        where: { file },
        cause: thrown,
      },
    );
  });
  if (bytes.length <= maxBytes) return bytes;
  throw new RemoteMediaError("membership-invalid", `${file} is larger than ${maxBytes} bytes`, {
    where: { file },
  });
}

/** @throws RemoteMediaError `output-failed` */
export async function writeDocument(file: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  const chunks = async function* () {
    yield bytes;
  };
  await writeWholeFile(file, chunks());
}

/** A socket, too, which can't be opened by its name. */
async function readStdin(): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Bun.stdin.stream()) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
