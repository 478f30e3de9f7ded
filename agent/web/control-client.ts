// Asks the agent of this machine over its control socket: bounded in time and bytes, and believed no more than its schema allows.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { isErrorCode } from "../../platform/base/error-codes.ts";
import { printable } from "../../platform/base/printable.ts";
import {
  type PeersDocument,
  parseControlDocument,
  peersSchema,
  type StatusDocument,
  statusSchema,
  type TopDocument,
  topSchema,
} from "./control-documents.ts";

export interface ControlClient {
  status(): Promise<StatusDocument>;
  peers(): Promise<PeersDocument>;
  top(): Promise<TopDocument>;
  /** A document each second, until the signal fires or the agent ends. */
  watchTop(signal: AbortSignal): AsyncGenerator<TopDocument, void>;
  /** Tells it to end in order; resolves when it has heard. */
  drain(): Promise<void>;
}

const answerMs = 5000;
const maxAnswerBytes = 16 * 1024 * 1024;

/** Connects at each question. Every function throws RemoteMediaError `agent-absent` where nobody answers, and `internal` for an answer that
 * no agent gives. @param limitMs for a whole answer, default 5 s */
export function openControlClient(path: string, limitMs = answerMs): ControlClient {
  const ask = async (method: "GET" | "POST", what: string): Promise<unknown> => {
    const response = await request(path, method, what, AbortSignal.timeout(limitMs));
    let text = "";
    for await (const line of readLines(response, path)) {
      text += `${line}\n`;
      if (text.length > maxAnswerBytes) throw tooLong();
    }
    const body = parseJson(text);
    if (!response.ok) throw refusalOf(body);
    return body;
  };
  return {
    status: async () => parseControlDocument(statusSchema, await ask("GET", "status")),
    peers: async () => parseControlDocument(peersSchema, await ask("GET", "peers")),
    top: async () => parseControlDocument(topSchema, await ask("GET", "top?once")),
    drain: async () => {
      await ask("POST", "drain");
    },
    async *watchTop(signal) {
      // Headers come with the first line; what comes later may take a second each.
      const late = AbortSignal.timeout(limitMs);
      const begun = new AbortController();
      const giveUp = (): void => begun.abort();
      late.addEventListener("abort", giveUp, { once: true });
      try {
        const response = await request(path, "GET", "top", AbortSignal.any([signal, begun.signal]));
        late.removeEventListener("abort", giveUp);
        for await (const line of readLines(response, path)) {
          const body = parseJson(line);
          if (!response.ok) throw refusalOf(body);
          yield parseControlDocument(topSchema, body);
        }
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      } finally {
        late.removeEventListener("abort", giveUp);
      }
    },
  };
}

async function request(path: string, method: string, what: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(`http://agent/v1/${what}`, { method, signal, unix: path, redirect: "error" });
  } catch (thrown) {
    throw absent(path, thrown);
  }
}

function absent(path: string, thrown: unknown): RemoteMediaError {
  const isLate = thrown instanceof Error && /Timeout|Abort/.test(thrown.name);
  return new RemoteMediaError("agent-absent", isLate ? "the agent doesn't answer" : "no agent answers here", {
    where: { file: path },
    hint: isLate
      ? "look whether its process is stopped or overloaded"
      : "start one: remotemedia agent; one of another user, or with another REMOTEMEDIA_HOME, isn't asked",
    cause: thrown,
  });
}

/** Lines of an answer, without their ends; no longer than an answer may be. */
async function* readLines(response: Response, path: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop()!;
      if (rest.length > maxAnswerBytes) throw tooLong();
      yield* lines;
    }
  } catch (thrown) {
    throw thrown instanceof RemoteMediaError ? thrown : absent(path, thrown);
  }
  if (rest !== "") yield rest;
}

function tooLong(): RemoteMediaError {
  return new RemoteMediaError("internal", `the agent's answer is longer than ${maxAnswerBytes} bytes`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RemoteMediaError("internal", "the agent's answer is no JSON", { cause });
  }
}

/** What the agent refused with, as far as it can be believed. */
function refusalOf(body: unknown): RemoteMediaError {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } };
  const code = String(error?.code);
  return new RemoteMediaError(
    isErrorCode(code) ? code : "internal",
    printable(String(error?.message ?? "the agent refuses"), 500),
  );
}
