// Moving parts a few at a time: progress that adds up, and a first failure that stops the rest.
import { expect, test } from "vitest";
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import { namePart, transferParts } from "../../../agent/package/transfer-parts.ts";
import { describeTransfer, type TransferPart } from "../../../agent/package/transfer-report.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failure } from "../../support/failure.ts";

const parts = [10, 20, 30, 40].map((size): TransferPart => {
  const digest = digestBytes(new Uint8Array(size));
  return { part: `models/${size}`, role: "layer", descriptor: { digest, size } };
});

test("parts keep their order, and progress ends at the whole whatever came from where", async () => {
  const seen: number[] = [];
  const moved = await transferParts(
    parts,
    async ({ descriptor: { size } }, tell) => {
      tell(size / 2);
      if (size === 20) return { outcome: "present" };
      if (size === 30) return { outcome: "mounted" };
      return { outcome: "moved", movedBytes: size / 2 };
    },
    {
      concurrency: 2,
      onProgress({ doneBytes, totalBytes }) {
        expect(totalBytes).toBe(100);
        seen.push(doneBytes);
      },
    },
  );
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(100);
  expect(describeTransfer(parts[0]!.descriptor.digest, moved)).toMatchObject({
    movedBytes: 25,
    presentBytes: 45,
    mountedBytes: 30,
    movedParts: 2,
    presentParts: 1,
    mountedParts: 1,
  });
  expect(moved.map(({ part }) => part)).toEqual(parts.map(({ part }) => part));
});

test("the first failure stops the others, starts none, and says which part it was", async () => {
  const started: number[] = [];
  const error = await failure(
    transferParts(
      parts,
      async ({ descriptor: { size } }, _tell, signal) => {
        started.push(size);
        if (size === 20) throw new RemoteMediaError("registry-failed", "503", { hint: "wait" });
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw new Error("stopped");
      },
      { concurrency: 2 },
    ),
  );
  expect(started).toEqual([10, 20]);
  expect(error).toMatchObject({
    code: "registry-failed",
    message: "models/20: 503",
    hint: "wait",
    where: { digest: parts[1]!.descriptor.digest },
  });
});

test("no more than asked for move at once", async () => {
  let [now, most] = [0, 0];
  await transferParts(
    parts,
    async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      return { outcome: "moved" };
    },
    { concurrency: 3 },
  );
  expect(most).toBe(3);
});

test("what isn't an error of ours is a defect of ours that names its part", () => {
  expect(namePart(new TypeError("x is undefined"), parts[0]!)).toMatchObject({
    code: "internal",
    message: "models/10: x is undefined",
  });
});
