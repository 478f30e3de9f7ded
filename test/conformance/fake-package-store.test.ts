// The fake store against the PackageStore suite: what other tests rely on is proven here.
import { FakeStoreContents, openFakePackageStore } from "../../platform/fake/fake-package-store.ts";
import { describePackageStore } from "./package-store.ts";

describePackageStore("FakePackageStore", async () => {
  const contents = new FakeStoreContents();
  return {
    open: () => openFakePackageStore(contents),
    damageBlob: async (digest, bytes) => void contents.blobs.set(digest, bytes),
    leavePartial: async (digest, bytes) => void contents.partials.set(digest, bytes),
    viewFiles: async (digest) => Object.fromEntries(contents.views.get(digest)!),
    dispose: async () => {},
  };
});
