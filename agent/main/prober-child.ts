// Composes the prober child: this process only ever asks devices.
import { serveQueries } from "../../platform/linux/serve-queries.ts";

/** Resolves never: the process ends with its stdin. */
export async function runProberChild(): Promise<never> {
  await serveQueries();
  process.exit(0);
}
