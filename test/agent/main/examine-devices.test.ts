// The doctor on devices: what is there, what isn't, and who can mend it.
import { expect, test } from "vitest";
import { judgeDevices } from "../../../agent/main/examine-devices.ts";
import type { BoardFacts } from "../../../platform/contract/board-facts.ts";
import { boardFacts } from "../capability/facts-fixture.ts";

function judge(more: Partial<BoardFacts>) {
  return new Map(judgeDevices(boardFacts(more)).map((check) => [check.name, check]));
}

test("names what is there", () => {
  const checks = judge({});
  expect(checks.get("cameras")).toEqual({
    name: "cameras",
    needed: false,
    status: "ok",
    detail: "USB Camera",
  });
  expect(checks.get("gpu")!.detail).toBe("VideoCore VI (vulkan)");
  expect(checks.get("codecs")!.detail).toBe("decodes h264 (v4l2m2m), the rest in software");
  expect(judge({ hardwareCodecs: [] }).get("codecs")!.detail).toBe("all in software");
});

test("tells of the power too, where the board does", () => {
  expect(judge({}).get("power")).toMatchObject({ status: "warn", detail: "under-voltage since boot" });
  const silent = { celsius: 40, throttling: undefined, power: undefined };
  expect(judge({ thermal: silent }).has("power")).toBe(false);
});

test("warns of what somebody can mend, once, also where another one works", () => {
  const absence = {
    about: "devices.cameras",
    code: "no-permission" as const,
    detail: "/dev/video2 can't be opened",
    mend: "sudo usermod -aG video $USER",
  };
  expect(judge({ absences: [absence, absence] }).get("cameras")).toEqual({
    name: "cameras",
    needed: false,
    status: "warn",
    detail: "USB Camera; /dev/video2 can't be opened",
    mend: "sudo usermod -aG video $USER",
  });
});

test("counts a codec's own absence to the codecs, and no other part's", () => {
  const absence = { code: "not-supported" as const, detail: "idle", mend: "install another FFmpeg" };
  expect(judge({ absences: [{ ...absence, about: "codecs.h264" }] }).get("codecs")!.status).toBe("warn");
  expect(judge({ absences: [{ ...absence, about: "codecsh" }] }).get("codecs")!.status).toBe("ok");
});

test("is content where nothing is there and nobody can change it", () => {
  const absences = [{ about: "gpu", code: "not-present" as const, detail: "no GPU" }];
  expect(judge({ gpus: [], absences }).get("gpu")).toMatchObject({ status: "ok", detail: "no GPU" });
  expect(judge({ gpus: [], absences: [] }).get("gpu")).toMatchObject({ status: "ok", detail: "none" });
});
