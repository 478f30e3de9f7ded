// RenamedRunner: a whole pipeline that is seen as one node: its inner names get the outer one.
import type { PortReference } from "../manifest/resolved.ts";
import type { Frame } from "../node/frame.ts";
import type { NodeMetrics, NodeRunner, Outcome } from "../node/runner.ts";

interface NamedNode {
  readonly id: string;
  readonly type: string;
}

/** Everything that leaves it leaves by the node's one output, `out`. */
export class RenamedRunner implements NodeRunner {
  readonly #node: NamedNode;
  readonly #entry: PortReference;
  readonly #runner: NodeRunner;
  #framesIn = 0;
  #framesOut = 0;

  /** `entry`: the port that frames enter by. */
  constructor(node: NamedNode, entry: PortReference, runner: NodeRunner) {
    this.#node = node;
    this.#entry = entry;
    this.#runner = runner;
  }

  get window(): number {
    return this.#runner.window;
  }

  open(): Promise<void> {
    return this.#runner.open();
  }

  async process(frame: Frame): Promise<Outcome> {
    this.#framesIn += 1;
    return this.#rename(await this.#runner.process({ ...frame, port: this.#entry.port }));
  }

  async flush(): Promise<Outcome> {
    return this.#rename(await this.#runner.flush());
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    const inner = this.#runner.metrics();
    const root = inner.get(this.#entry.node);
    if (root === undefined) return new Map();
    return new Map([[this.#node.id, { ...root, framesIn: this.#framesIn, framesOut: this.#framesOut }]]);
  }

  #rename({ emissions, failures }: Outcome): Outcome {
    const { id, type } = this.#node;
    this.#framesOut += emissions.length;
    return {
      emissions: emissions.map(({ frame }) => ({ node: id, frame: { ...frame, port: "out" } })),
      failures: failures.map((failure) => ({
        ...failure,
        node: id,
        nodeType: type,
        message: `${failure.node}: ${failure.message}`,
      })),
    };
  }
}
