// The sandbox passes the NodeRunner suite, entered directly and through jco's glue.
import { afterAll } from "vitest";
import { describeNodeRunner } from "../../conformance/node-runner.ts";
import { buildReferenceGuest } from "../../conformance/reference-guest.ts";
import { chainRunner, openTestPool, prepareHere } from "../../support/sandbox.ts";

const pool = openTestPool();
afterAll(() => pool.close());

for (const entry of ["direct", "glue"] as const) {
  describeNodeRunner(`a sandbox stage entered by ${entry}`, async (behaviour, params, policy) => {
    const preparation = await prepareHere(await buildReferenceGuest(behaviour), entry);
    if (preparation.module.kind !== entry) throw new TypeError(`prepared as ${preparation.module.kind}`);
    return chainRunner(pool, [{ id: "node", type: behaviour, preparation, params, policy }]);
  });
}
