// The store on disk against the PackageStore suite, and what only a disk can show: modes, links, files that somebody changed.
import { describePackageStore } from "../../conformance/package-store.ts";
import { makeStoreOnDisk } from "../../support/store-on-disk.ts";

describePackageStore("the store on disk", () => makeStoreOnDisk());
