// Which components may be entered without glue: exactly those that wit-component makes for the contract's world.
import { print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { beforeAll, describe, expect, test } from "vitest";
import { planDirectEntry, scanComponent } from "../../../../agent/sandbox/wasm/component.ts";
import { componentOf, wat } from "../../../support/wat.ts";
import { logImport, nodeCore, postReturns } from "./core-module.ts";
import { caps, MeteredInstance, prepareCapped } from "./metered.ts";

/** Whether at most custom sections were cut off. */
function isWhole(component: Uint8Array): boolean {
  try {
    return scanComponent(component).exports.length === 3;
  } catch {
    return false;
  }
}

const functions = { open: "open", process: "process", flush: "flush" };
const names = { ...functions, realloc: "cabi_realloc", memory: "memory" };

describe("a plan is made", () => {
  test("for a guest that imports nothing", async () => {
    const core = await wat(nodeCore());
    const plan = planDirectEntry(await componentOf(core));
    expect(plan?.exports).toEqual(names);
    expect(plan?.logImport).toBeUndefined();
  });

  test("for a guest that logs, through the shim and the fixup", async () => {
    const plan = planDirectEntry(await componentOf(await wat(nodeCore(logImport))));
    expect(plan?.logImport).toEqual({ module: "remotemedia:node/log@1.0.0", name: "write" });
  });

  test("with the functions that free results", async () => {
    const plan = planDirectEntry(
      await componentOf(await wat(nodeCore("", "").replace(/\)$/, `${postReturns})`))),
    );
    expect(plan?.exports).toEqual({
      ...names,
      postOpen: "cabi_post_open",
      postProcess: "cabi_post_process",
      postFlush: "cabi_post_flush",
    });
  });

  test("whose module runs with its meter, its caps and the host's log", async () => {
    const text = nodeCore(logImport, `(call $log (i32.const 2) (local.get 0) (local.get 1))`);
    const plan = planDirectEntry(await componentOf(await wat(text)));
    const logged: number[][] = [];
    const write = (...parameters: number[]) => void logged.push(parameters);
    const { bytes } = prepareCapped(plan!.module, caps);
    const instance = new MeteredInstance(bytes, {
      [plan!.logImport!.module]: { [plan!.logImport!.name]: write },
    });
    const pointer = instance.call(plan!.exports.realloc, 0, 0, 1, 5) as number;
    expect(instance.call(plan!.exports.open, pointer, 5)).toBe(16);
    expect(logged).toEqual([[2, pointer, 5]]);
  });
});

describe("no plan is made", () => {
  const withWorld = async (body: string, core: string) =>
    componentOf(await wat(core), `package remotemedia:node@1.0.0;\n${body}`, "node");

  test("for core modules, garbage and cut components", async () => {
    const component = await componentOf(await wat(nodeCore(logImport)));
    expect(planDirectEntry(await wat(nodeCore()))).toBeUndefined();
    expect(planDirectEntry(new Uint8Array(100))).toBeUndefined();
    for (let length = 0; length < component.length; length += 7) {
      const cut = component.subarray(0, length);
      if (!isWhole(cut)) expect(planDirectEntry(cut)).toBeUndefined();
    }
  });

  test("for another world with the same names", async () => {
    const component = await withWorld(
      `world node {
        export open: func(params: string) -> result<_, string>;
        export process: func(input: string) -> result<list<string>, string>;
        export flush: func() -> result<list<string>, string>;
      }`,
      nodeCore().replace("(param i32 i32 i64 i32 i32 i32 i32 i32 i32)", "(param i32 i32)"),
    );
    expect(planDirectEntry(component)).toBeUndefined();
  });

  test("for a guest with an import of its own", async () => {
    const wit = `interface extra { poke: func(); }
      world node { import extra; export open: func(params: string) -> result<_, string>; }`;
    const core = nodeCore(`(import "remotemedia:node/extra@1.0.0" "poke" (func))`);
    expect(
      planDirectEntry(
        await withWorld(wit, `${core.replace(/\(func \(export "(process|flush)"[^\n]*/g, "")})`),
      ),
    ).toBeUndefined();
  });

  describe("when one thing of the component is not as it should be", () => {
    let text = "";
    beforeAll(async () => {
      text = await print(await componentOf(await wat(nodeCore(logImport))));
    });

    /** Every edit gives a component that parses; many don't validate, and none may be entered. */
    test.each([
      ["another encoding", "string-encoding=utf8", "string-encoding=utf16"],
      ["another name", `(export $"#func2 open" (@name "open") (;2;) "open"`, `(export "opened"`],
      [
        "a lowered function of another interface",
        `"remotemedia:node/log@1.0.0" (instance $`,
        `"remotemedia:node/log@1.0.1" (instance $`,
      ],
      ["another level", `"debug" "info"`, `"debug" "inform"`],
      ["another frame", `(field "pts" s64)`, `(field "pts" u64)`],
      ["another failure", `(case "fatal" string)`, `(case "fatal")`],
      [
        "a shim that does something else",
        "i32.const 0\n      call_indirect",
        "i32.const 1\n      call_indirect",
      ],
      ["a shim with a memory", `(export "$imports" (table 0))`, `(memory 1) (export "$imports" (table 0))`],
      [
        "a fixup that fills another slot",
        "(elem (;0;) (i32.const 0) func 0)",
        "(elem (;0;) (i32.const 1) func 0)",
      ],
      [
        "a fourth core module",
        "(core module $wit-component-fixup",
        "(core module) (core module $wit-component-fixup",
      ],
      [
        "a second instance",
        "(core instance $fixup ",
        "(core instance (instantiate $main)) (core instance $fixup ",
      ],
      ["another signature", /\(param i32 i32 i64 i32/g, "(param i32 i32 i32 i32"],
      ["a second import of the core module", `(table (;0;) 1`, `(import "a" "b" (func)) (table (;0;) 1`],
      ["no exported memory", `(export "memory" (memory 0))`, ``],
    ])("%s", async (_what, from, to) => {
      expect(text).toMatch(from);
      expect(planDirectEntry(await wat(text.replace(from, to)))).toBeUndefined();
    });

    test("and there is a plan when nothing was changed", async () => {
      expect(planDirectEntry(await wat(text))?.exports).toEqual(names);
    });
  });
});
