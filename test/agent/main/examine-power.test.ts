// The doctor on power and heat: who is told to change the supply, and who to cool.
import { expect, test } from "vitest";
import { judgePower } from "../../../agent/main/examine-power.ts";
import type { ThrottleCause } from "../../../platform/contract/board-facts.ts";

function judge(now: ThrottleCause[], sinceBoot: ThrottleCause[] = now) {
  const [check, ...others] = judgePower({ throttling: { now, sinceBoot } });
  expect(others).toEqual([]);
  return check!;
}

test("says nothing of a board that doesn't say", () => {
  expect(judgePower({ throttling: undefined })).toEqual([]);
});

test("is content where nothing has happened since boot", () => {
  expect(judge([])).toEqual({
    name: "power",
    needed: false,
    status: "ok",
    detail: "neither under-voltage nor throttling since boot",
  });
});

test("warns of under-voltage that is over: the supply is still too weak for the next load", () => {
  expect(judge([], ["under-voltage", "throttled"])).toEqual({
    name: "power",
    needed: false,
    status: "warn",
    detail: "under-voltage, throttled since boot",
    mend: "use the power supply made for the board, and a short cable",
  });
});

test.each<ThrottleCause>(["throttled", "frequency-capped", "soft-temperature-limit"])(
  "%s without under-voltage is heat",
  (cause) => {
    expect(judge([cause])).toMatchObject({ status: "warn", detail: `${cause} now` });
    expect(judge([cause]).mend).toMatch(/^cool the board/);
    expect(judge([], [cause]).mend).toMatch(/^cool the board/);
  },
);

test("names both mends where the supply is weak and the board too hot, each once", () => {
  const check = judge(["soft-temperature-limit"], ["under-voltage", "soft-temperature-limit"]);
  expect(check.detail).toBe("soft-temperature-limit now; under-voltage since boot");
  expect(check.mend).toMatch(/^cool the board.*; use the power supply/);
  expect(check.mend!.match(/cool/g)).toHaveLength(1);
});

test("heat now is told beside a weak supply before", () => {
  expect(judge(["throttled"], ["under-voltage", "throttled"]).mend).toMatch(/cool.*power supply/);
});
