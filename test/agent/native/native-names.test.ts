// The list of names beside the types that it names.
import { expect, test } from "vitest";
import { nativeNames } from "../../../agent/native/native-names.ts";
import { nativeNodes } from "../../../agent/native/native-nodes.ts";

test("the names are those of the native node types", () => {
  expect(nativeNames).toEqual([...nativeNodes.keys()]);
});
