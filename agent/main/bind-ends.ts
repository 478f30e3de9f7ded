// Which file feeds which open input, and which open output goes to which file.

import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import type { OpenInput, OpenOutput, OpenPort } from "../manifest/resolved.ts";

export interface Binding {
  readonly port: OpenPort;
  /** A file, or "-". */
  readonly path: string;
}

/** Binds `--input` options. A bare FILE feeds the only open input; where there are several, `node.port=FILE` says which. An input
 * that isn't required may stay open while another of its node is fed.
 * @throws RemoteMediaError `usage` */
export function bindInputs(options: readonly string[], open: readonly OpenInput[]): Binding[] {
  const bindings = options.map((option): Binding => {
    const named = parseNamedEnd(option, open);
    if (named !== undefined) return named;
    if (open.length === 1) return { port: open[0]!, path: option };
    const message =
      open.length === 0
        ? "the pipeline takes no input"
        : `${open.length} inputs are open, and --input ${option} doesn't say which`;
    throw new RemoteMediaError(
      "usage",
      message,
      open.length === 0 ? {} : { hint: `give each: ${examples(open, "--input")}` },
    );
  });
  const isFed = (port: OpenInput) => bindings.some((binding) => binding.port === port);
  const isNodeFed = (node: string) => open.some((port) => port.node === node && isFed(port));
  const unfed = open.filter((port) => !isFed(port) && (port.required || !isNodeFed(port.node)));
  if (unfed.length > 0) {
    const names = unfed.map(({ node, port }) => `${node}.${port}`).join(", ");
    throw new RemoteMediaError("usage", `nothing feeds ${names}`, {
      hint: `give ${examples(unfed, "--input")}`,
    });
  }
  const twice = bindings.find(
    (binding, index) => bindings.findIndex(({ port }) => port === binding.port) < index,
  );
  if (twice !== undefined)
    throw new RemoteMediaError("usage", `--input feeds ${twice.port.node}.${twice.port.port} twice`);
  if (bindings.filter(({ path }) => path === "-").length > 1)
    throw new RemoteMediaError("usage", "stdin can feed one input only", {
      hint: "give the others files, or FIFOs",
    });
  return bindings;
}

/** Binds `--output` options. A bare FILE takes every open output that no other option names, except those on request; its
 * lines then name the node.
 * @throws RemoteMediaError `usage` */
export function bindOutputs(options: readonly string[], open: readonly OpenOutput[]): Binding[] {
  const named = options.map((option) => parseNamedEnd(option, open));
  const bare = options.filter((_, index) => named[index] === undefined);
  if (bare.length > 1)
    throw new RemoteMediaError("usage", `several --output without a port: ${bare.join(", ")}`, {
      hint: `give ${examples(open, "--output")}`,
    });
  const bound = named.filter((binding) => binding !== undefined);
  const [path] = bare;
  if (path === undefined) return bound;
  const rest = open.filter((port) => !port.onRequest && !bound.some((binding) => binding.port === port));
  if (rest.length === 0)
    throw new RemoteMediaError("usage", `nothing is left for --output ${path}`, {
      hint:
        open.length === 0 ? "the pipeline has no open output" : "the other --output options take every port",
    });
  return [...bound, ...rest.map((port) => ({ port, path }))];
}

/** `node.port=FILE`, or `node=FILE` for a node with one open end. Undefined for a bare file, whose name may hold a `=`. */
export function parseNamedEnd(option: string, open: readonly OpenPort[]): Binding | undefined {
  const split = /^([a-zA-Z0-9_-]+)(?:\.([a-z0-9-]+))?=(.+)$/s.exec(option);
  if (split === null) return undefined;
  const [, node, port, path] = split;
  const ofNode = open.filter((end) => end.node === node);
  const exact = port === undefined ? ofNode : ofNode.filter((end) => end.port === port);
  if (exact.length === 1) return { port: exact[0]!, path: path! };
  const names = open.map((end) => `${end.node}.${end.port}`);
  const near = nearestName(port === undefined ? node! : `${node}.${port}`, names);
  throw new RemoteMediaError(
    "usage",
    `${node}${port === undefined ? "" : `.${port}`} is not an open end of the pipeline`,
    {
      hint: near === undefined ? `open are ${names.join(", ") || "none"}` : `did you mean ${near}?`,
    },
  );
}

function examples(open: readonly OpenPort[], option: string): string {
  return open.map(({ node, port }) => `${option} ${node}.${port}=FILE`).join(" ");
}
