// The fake registry against the Repository suite: what other tests rely on is proven here.
import { openFakeRegistry } from "../../platform/fake/fake-registry.ts";
import { describeRepository } from "./registry.ts";

describeRepository("FakeRegistry", async () => ({
  host: "registry.test",
  open: openFakeRegistry(),
  [Symbol.asyncDispose]: async () => {},
}));
