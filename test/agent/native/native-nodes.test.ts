// The table of native nodes: what each says of itself is a sound node.json, and its params' checks are those of the manifest.
import { describe, expect, test } from "vitest";
import { checkParams } from "../../../agent/manifest/check-params.ts";
import { compileParamsSchema } from "../../../agent/manifest/params-schema.ts";
import { parseNodeDescriptor } from "../../../agent/manifest/parse-descriptor.ts";
import { nativeDescriptors, nativeNodes } from "../../../agent/native/native-nodes.ts";

describe("the native nodes", () => {
  test("stand in the table under their own names, in alphabetical order", () => {
    const names = [...nativeNodes.keys()];
    expect(names).toEqual(nativeDescriptors().map(({ name }) => name));
    expect(names).toEqual([...names].sort());
  });

  test.each(nativeDescriptors().map((descriptor) => [descriptor.name, descriptor] as const))(
    "%s has a descriptor that would pass as a node.json",
    (_name, descriptor) => {
      expect(parseNodeDescriptor(JSON.stringify(descriptor))).toEqual(descriptor);
    },
  );

  test("a camera's params get their defaults, and a misspelt one is refused by the nearest name", () => {
    const schema = compileParamsSchema(nativeNodes.get("CameraSource")!.descriptor.params!);
    expect(checkParams(schema, { width: 640 }).params).toMatchObject({
      device: "default",
      width: 640,
      pixels: "i420",
      reconnect: true,
      buffer_frames: 2,
      stall_ms: 5000,
    });
    expect(checkParams(schema, { widht: 640 }).problems).toMatchObject([{ hint: 'did you mean "width"?' }]);
    expect(checkParams(schema, { format: "MJPEG" }).problems).toHaveLength(1);
  });
});
