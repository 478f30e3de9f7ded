// Which manifest of an index at a tag is the package.
import fc from "fast-check";
import { expect, test } from "vitest";
import { choosePackage } from "../../../agent/package/choose-package.ts";
import { packageType } from "../../../agent/package/package-manifest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

const manifest = "application/vnd.oci.image.manifest.v1+json";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const index = (...manifests: unknown[]) => new TextEncoder().encode(JSON.stringify({ manifests }));

test("the one that calls itself a pipeline package is taken from among others", () => {
  const ours = { mediaType: manifest, artifactType: packageType, digest: digest("a"), size: 3 };
  const other = { mediaType: manifest, digest: digest("b"), size: 3 };
  expect(choosePackage(index(other, ours, other), "x")).toEqual({ digest: digest("a") });
  expect(choosePackage(index(other), "x")).toEqual({ digest: digest("b") });
});

test("two packages, none, an index in it, or what can't be read: refused", () => {
  const ours = (digit: string) => ({ mediaType: manifest, artifactType: packageType, digest: digest(digit) });
  const inner = { mediaType: "application/vnd.oci.image.index.v1+json", digest: digest("c") };
  const refused = [
    index(ours("a"), ours("b")),
    index(),
    index(inner),
    index({ mediaType: manifest, artifactType: packageType, digest: "sha256:zz" }),
    index(...Array(1025).fill(null)),
    new TextEncoder().encode("{"),
  ];
  for (const bytes of refused) {
    expect(() => choosePackage(bytes, "x")).toThrow(expect.objectContaining({ code: "package-invalid" }));
  }
});

test("whatever an index holds, it is chosen from or refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        choosePackage(index(value), "x");
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RemoteMediaError);
      }
    }),
  );
});
