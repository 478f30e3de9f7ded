// `remotemedia top`: what runs, again each second where somebody watches.
import { openControl, watchReader } from "../main/open-control.ts";
import type { Call } from "./command.ts";
import { formatTop } from "./top-page.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function executeTop({ text, flag, terminal }: Call): Promise<number> {
  const control = await openControl(text("config"));
  if (!flag("json") && !terminal.isTerminal("stdout")) {
    terminal.print(formatTop(await control.top()).join("\n"));
    return 0;
  }
  const end = new AbortController();
  const onEnd = (): void => end.abort();
  for (const signal of signals) process.on(signal, onEnd);
  using reader = watchReader();
  try {
    for await (const document of control.watchTop(AbortSignal.any([end.signal, reader.signal]))) {
      if (flag("json")) terminal.print(JSON.stringify(document));
      else terminal.redraw(formatTop(document));
    }
    return 0;
  } finally {
    for (const signal of signals) process.off(signal, onEnd);
  }
}
