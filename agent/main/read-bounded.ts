// Reads a small file of the user's that may be anything: no more of it than is taken.
import { createReadStream } from "node:fs";

/** At most `maxBytes` and one more byte, by which a larger file is known. @throws what the system says of a file that can't be read */
export async function readBounded(file: string, maxBytes: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(createReadStream(file, { end: maxBytes })));
}
