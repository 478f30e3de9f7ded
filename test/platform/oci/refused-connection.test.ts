// A registry that nobody runs: told after a few tries, each counted once.
import { expect, it } from "vitest";
import { openRegistryClient } from "../../../platform/oci/open-registry-client.ts";
import { failure } from "../../support/failure.ts";

it("a connection that is refused is tried five times in all, and waited for between them", async () => {
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  await using open = openRegistryClient({ sleep, chance: () => 0.5 });
  // Port 1 is nobody's.
  const repository = open({ host: "127.0.0.1:1", repository: "gate" });
  expect((await failure(repository.resolve("1"))).code).toBe("registry-unreachable");
  expect(waits).toEqual([300, 600, 1200, 2400]);
});
