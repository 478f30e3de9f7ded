// The plan of a package: the same whatever the order in which things were found.
import { expect, test } from "vitest";
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import { planPackage } from "../../../agent/package/plan-package.ts";

test("layers stand in the order of their paths, whatever the order of modules, models and keys", () => {
  const modules = ["b", "a"].map((type) => ({ type, source: `${type}.wasm` }));
  const models = ["models/z", "models/y", "models/Z2"];
  const named = [...models, "a.wasm", "b.wasm"];
  const files = new Map(
    named.map((path) => [path, { digest: digestBytes(Buffer.from(path)), size: path.length }]),
  );
  const document = { modules: { a: { path: "a.wasm" }, b: { path: "b.wasm" } }, version: "v1" };
  const other = { version: "v1", modules: { b: { path: "./b.wasm" }, a: { path: "a.wasm" } } };
  const plan = planPackage({ document, modules, models, files });
  const again = planPackage({
    document: other,
    modules: modules.toReversed(),
    models: models.toReversed(),
    files,
  });
  const paths = ["models/Z2", "models/y", "models/z", "modules/a.wasm", "modules/b.wasm"];
  expect(plan.manifest.layers.map(({ path }) => path)).toEqual(paths);
  expect(again.manifest.descriptor).toEqual(plan.manifest.descriptor);
});
