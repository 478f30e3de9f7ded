// The fake children against the ChildSpawner suite: what other tests rely on is proven here.
import { FakeChildSpawner } from "../../platform/fake/child-spawner.ts";
import { describeChildSpawner } from "./child-spawner.ts";

describeChildSpawner(
  "FakeChildSpawner",
  (behaviour) =>
    new FakeChildSpawner((child) => {
      if (behaviour === "quit") {
        child.exit({ exitCode: 3 });
        return;
      }
      const words = new Int32Array(child.shared);
      const look = () => {
        if (words[1] === words[2]) return;
        words[2] = words[1]!;
        child.wakeParent();
      };
      child.onWake(look);
      look();
    }),
);
