// Packages as an attacker leaves them, put before the program as a user starts it: changed files, edited views, painting names, signers.
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { type Ended, Scratch } from "../system/program.ts";

let scratch: Scratch;
let echo: Uint8Array;
let file: string;
let digest: string;
let key: string;
beforeAll(async () => {
  scratch = new Scratch();
  echo = await buildReferenceGuest("echo");
  writeFileSync(scratch.file("in.json"), "1");
  key = scratch.file("own.key");
  await taken(["keygen", "-o", key, "--no-passphrase"]);
  file = scratch.file("gate.rmpkg");
  ({ digest } = JSON.parse(
    (await taken(["build", folderOf("gate"), "-o", file, "--sign", key, "--json"])).stdout,
  ));
}, 30_000);
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
});
afterAll(() => scratch[Symbol.dispose]());

/** A pipeline's folder with one module. */
function folderOf(folder: string, metadata: object | undefined = { name: "gate" }): string {
  const path = scratch.file(folder);
  mkdirSync(join(path, "modules"), { recursive: true });
  writeFileSync(join(path, "modules/echo.wasm"), echo);
  const manifest = {
    version: "v1",
    ...(metadata === undefined ? {} : { metadata }),
    modules: { Echo: { path: "modules/echo.wasm" } },
    nodes: [{ id: "a", node_type: "Echo" }],
    connections: [],
  };
  writeFileSync(join(path, "manifest.json"), JSON.stringify(manifest));
  return path;
}

const running = (reference: string, ...more: string[]) => [
  "run",
  reference,
  "--input",
  `a.in=${scratch.file("in.json")}`,
  "--output",
  "-",
  ...more,
];

async function taken(words: readonly string[]): Promise<Ended> {
  const ended = await scratch.run(words);
  expect(ended.exitCode, ended.stderr).toBe(0);
  return ended;
}

/** Refused with a code, by these exit codes, without a word on stdout or a byte that paints. */
async function refused(words: readonly string[], exits: readonly number[], codes: RegExp): Promise<string> {
  const { exitCode, stdout, stderr } = await scratch.run(words);
  expect(exits, stderr).toContain(exitCode);
  expect(stderr).toMatch(codes);
  expect(stdout).toBe("");
  expectPlain(stderr);
  return stderr;
}

function expectPlain(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
}

const views = () => list(join(scratch.environment["REMOTEMEDIA_HOME"]!, "pipelines"));
const view = () =>
  join(scratch.environment["REMOTEMEDIA_HOME"]!, "pipelines", digest.slice("sha256:".length));

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

describe("a file that was changed on its way", () => {
  const commands = (path: string) => [
    running(path),
    ["verify", path, "--key", `${key}.pub`],
    ["inspect", path],
  ];
  const invalid = /\[(package-invalid|digest-mismatch)\]/;

  async function refuseAll(changed: readonly Buffer[], name: string): Promise<void> {
    await taken(["cache", "clear", "--force"]);
    const work = [...changed.entries()];
    const worker = async () => {
      for (let next = work.pop(); next !== undefined; next = work.pop()) {
        const [at, bytes] = next;
        const path = scratch.file(`${name}-${at}.rmpkg`);
        writeFileSync(path, bytes);
        await refused(commands(path)[at % 3]!, [2, 3], invalid);
        rmSync(path);
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    expect(views()).toEqual([]);
  }

  test("by one bit is refused by run, verify and inspect alike", async () => {
    const bytes = readFileSync(file);
    const flips = Array.from({ length: 60 }, (_, number) => {
      const flipped = Buffer.from(bytes);
      const at = Math.floor(((number + 0.37) * bytes.length) / 60);
      flipped[at]! ^= 1 << (number % 8);
      return flipped;
    });
    await refuseAll(flips, "flip");
  }, 60_000);

  test("by its end being cut off is refused", async () => {
    const bytes = readFileSync(file);
    const cuts = Array.from({ length: 20 }, (_, at) =>
      bytes.subarray(0, Math.floor((at * bytes.length) / 20)),
    );
    await refuseAll(cuts, "cut");
  }, 30_000);

  test("garbage, an empty folder, a FIFO that nobody writes and an endless device end at once", async () => {
    const [noise, folder, fifo, zero] = ["noise", "folder", "fifo", "zero"].map((name) =>
      scratch.file(`${name}.rmpkg`),
    );
    writeFileSync(noise!, Buffer.alloc(100_000, "garbage\u001b[2J"));
    mkdirSync(folder!);
    expect(Bun.spawnSync(["mkfifo", fifo!]).exitCode).toBe(0);
    symlinkSync("/dev/zero", zero!);
    for (const path of [noise!, folder!, fifo!, zero!]) {
      for (const words of commands(path))
        await refused(words, [2], /\[(package-(invalid|missing)|manifest-missing)\]/);
      await refused(["sign", path, "--key", key], [2], /\[(package-(invalid|missing)|usage)\]/);
      await refused(["push", path, "oci://127.0.0.1:1/x"], [2], /\[package-(invalid|missing)\]/);
    }
  }, 30_000);
});

describe("what was unpacked and then edited", () => {
  const fresh = async () => {
    await taken(["cache", "clear", "--force"]);
    await taken(running(file));
  };
  test("a module, by one bit: refused by its digest", async () => {
    await fresh();
    change(join(view(), "modules/echo.wasm"), flipLast);
    await refused(running(digest), [3], /\[digest-mismatch\]/);
  });

  test("its manifest, by one letter: refused by its digest", async () => {
    await fresh();
    change(join(view(), "manifest.json"), (bytes) => Buffer.from(bytes.toString().replace("gate", "hate")));
    await refused(running(digest), [3], /\[digest-mismatch\]/);
  });

  test("a symlink in a module's place, a longer manifest, and nothing: made anew before it runs", async () => {
    const other = scratch.file("other.wasm");
    const [module, manifest] = [join(view(), "modules/echo.wasm"), join(view(), "manifest.json")];
    writeFileSync(other, Buffer.from("not a module"));
    await fresh();
    const was = [module, manifest].map((path) => readFileSync(path));
    const edits = [
      () => {
        rmSync(module);
        symlinkSync(other, module);
      },
      () => change(manifest, (bytes) => Buffer.concat([bytes, Buffer.from(" ")])),
      () => rmSync(module),
    ];
    for (const edit of edits) {
      edit();
      await taken(running(digest));
      expect(lstatSync(module).isFile()).toBe(true);
      expect([module, manifest].map((path) => readFileSync(path))).toEqual(was);
    }
    expect(readFileSync(other, "utf8")).toBe("not a module");
  });

  test("a file that isn't of the package, beside its own, has no say", async () => {
    await fresh();
    const sheet = { name: "Echo", version: "1", inputs: {}, outputs: {}, limits: { max_memory_mb: 1 } };
    for (const name of ["modules/echo.node.json", "modules/node.json", "pipeline.json", "models/x"]) {
      mkdirSync(join(view(), "models"), { recursive: true });
      writeFileSync(join(view(), name), JSON.stringify(sheet));
    }
    expect((await taken(running(digest))).stdout).toContain("1");
  });

  test("a blob of the store is found damaged where it is read, and never run", async () => {
    await fresh();
    const blobs = join(scratch.environment["REMOTEMEDIA_HOME"]!, "blobs/sha256");
    for (const name of readdirSync(blobs)) {
      const kept = readFileSync(join(blobs, name));
      change(join(blobs, name), flipLast);
      const { exitCode, stderr } = await scratch.run(running(digest));
      expect([0, 2, 3], stderr).toContain(exitCode);
      if (exitCode !== 0) expect(stderr).toMatch(/\[(digest-mismatch|package-[a-z]+|signature-[a-z]+)\]/);
      await refused(["verify", digest], [2, 3], /\[(digest-mismatch|package-[a-z]+|signature-[a-z]+)\]/);
      // What is damaged may have been removed.
      rmSync(join(blobs, name), { force: true });
      writeFileSync(join(blobs, name), kept);
    }
    await taken(["verify", digest]);
  }, 30_000);
});

/** As an editor does that writes a new file: what is linked elsewhere stays as it was. */
function change(path: string, to: (bytes: Buffer) => Buffer): void {
  const bytes = Buffer.from(to(readFileSync(path)));
  rmSync(path);
  writeFileSync(path, bytes);
}

function flipLast(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 1]! ^= 1;
  return flipped;
}

describe("a pipeline that calls itself", () => {
  const names: [string, object | undefined][] = [
    ["up and away", { name: "../../x" }],
    ["what paints the terminal", { name: "\u001b[2J\u001b]0;owned\u0007x\u009b31m\u202e" }],
    ["two lines", { name: "gate\nerror: all is well\r" }],
    ["a long name", { name: "n".repeat(255) }],
    ["nothing", {}],
    ["nobody", undefined],
  ];
  test.each(names)("%s: is shown plainly, and written only where it was built", async (label, metadata) => {
    const source = folderOf(label.replaceAll(" ", "-"), metadata);
    if (metadata === undefined) {
      // Whether a manifest needs metadata at all is for validate to say; build says the same.
      const [built, validated] = [
        await scratch.run(["build", source, "-o", scratch.file("nobody.rmpkg")]),
        await scratch.run(["validate", source]),
      ];
      expect(built.exitCode).toBe(validated.exitCode);
      if (built.exitCode !== 0) return;
    }
    const [parent, home] = [join(source, "deep"), join(source, "deep/er")];
    mkdirSync(home, { recursive: true });
    const built = await scratch.shell(`remotemedia build ${source} --sign ${key}`, home);
    expect(built.exitCode, built.stderr).toBe(0);
    const [made, ...others] = readdirSync(home);
    expect(others).toEqual([]);
    expect(made).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,79}\.rmpkg$/u);
    expect(readdirSync(parent)).toEqual(["er"]);
    const path = join(home, made!);
    const said = [built];
    for (const words of [["inspect", path], ["verify", path], running(path), ["cache", "list"]])
      said.push(await taken(words));
    for (const { stdout, stderr } of said) expectPlain(stdout + stderr);
  });

  test("10,000 letters is refused by build", async () => {
    const source = folderOf("endless", { name: "n".repeat(10_000) });
    const told = await refused(["build", source, "-o", scratch.file("endless.rmpkg")], [2], /\[[a-z-]+\]/);
    expect(told.length).toBeLessThan(2000);
  });
});

describe("whom this user trusts", () => {
  const trust = () => join(scratch.environment["REMOTEMEDIA_HOME"]!, "trust.json");
  let kept: string;
  let unsigned: string;
  beforeAll(async () => {
    kept = readFileSync(trust(), "utf8");
    unsigned = scratch.file("unsigned.rmpkg");
    await taken(["build", folderOf("unsigned"), "-o", unsigned]);
  });
  afterEach(() => writeFileSync(trust(), kept));

  test("no signature: refused with what to do, and taken for development with a loud warning", async () => {
    expect(await refused(running(unsigned), [3], /\[signature-missing\]/)).toMatch(/ do: .*/);
    const { stderr } = await taken(running(unsigned, "--allow-unsigned"));
    expect(stderr).toMatch(/warning: .*(unsigned|signature|signed)/i);
    await refused(["verify", unsigned], [3], /\[signature-missing\]/);
    await refused(running(unsigned), [3], /\[signature-missing\]/);
  });

  test("a stranger's signature is none for development either", async () => {
    const stranger = scratch.file("stranger.key");
    await taken(["keygen", "-o", stranger, "--no-passphrase", "--no-trust"]);
    const theirs = scratch.file("theirs.rmpkg");
    copyFileSync(unsigned, theirs);
    await taken(["sign", theirs, "--key", stranger]);
    await refused(running(theirs, "--allow-unsigned"), [3], /\[signer-unknown\]/);
    await taken(running(theirs, "--key", `${stranger}.pub`));
    await refused(["verify", file, "--key", `${stranger}.pub`], [3], /\[signer-unknown\]/);
  });

  const broken: [string, (policy: Record<string, unknown>) => string | Buffer, number, RegExp][] = [
    ["no JSON", () => "{", 2, /\[policy-invalid\]/],
    ["no text", () => Buffer.from([0xff, 0xfe, 0x1b]), 2, /\[policy-invalid\]/],
    [
      "an unknown field",
      (policy) => JSON.stringify({ ...policy, signer: [] }),
      2,
      /signers.*\[policy-invalid\]|\[policy-invalid\][\s\S]*signers/,
    ],
    ["other pipelines", (policy) => limit(policy, { pipelines: ["door*"] }), 3, /\[signer-denied\]/],
    [
      "certain repositories",
      (policy) => limit(policy, { repositories: ["registry.example/*"] }),
      3,
      /\[signer-denied\]/,
    ],
    ["no signers", (policy) => JSON.stringify({ ...policy, signers: [] }), 3, /\[signer-unknown\]/],
  ];
  test.each(broken)("a policy of %s refuses", async (what, edit, exit, code) => {
    writeFileSync(trust(), edit(JSON.parse(kept)));
    await refused(running(file), [exit], code);
    await refused(running(file, "--allow-unsigned"), [exit], code);
    if (exit === 2)
      await refused(["keygen", "-o", scratch.file(`${what}.key`), "--no-passphrase"], [2], code);
    expect(list(scratch.folder)).not.toContain(`${what}.key`);
  });

  function limit(policy: Record<string, unknown>, limits: object): string {
    const signers = (policy["signers"] as object[]).map((signer) => ({ ...signer, ...limits }));
    return JSON.stringify({ ...policy, signers });
  }
});

test("a key signs a package once, a pair is made once", async () => {
  const again = scratch.file("again.rmpkg");
  copyFileSync(file, again);
  await taken(["sign", again, "--key", key]);
  expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
  const before = readFileSync(key, "utf8");
  await refused(["keygen", "-o", key, "--no-passphrase"], [2], /\[usage\]/);
  expect(readFileSync(key, "utf8")).toBe(before);
});

test("runs, a sweep and a clearing over one store at once leave each other alone", async () => {
  for (let round = 0; round < 2; round += 1) {
    const ended = await Promise.all([
      scratch.run(running(file)),
      scratch.run(["cache", "gc"]),
      scratch.run(running(file)),
      scratch.run(["cache", "clear", "--force"]),
    ]);
    for (const { exitCode, stderr } of ended) expect(exitCode, stderr).toBe(0);
  }
  await taken(running(file));
}, 30_000);

test("a package that runs outlives a clearing, and goes with the next one when it has ended", async () => {
  const running = scratch.start(["run", file, "--input", "-", "--output", "-"], "open");
  await running.told("signed by");
  const clear = async () =>
    JSON.parse((await taken(["cache", "clear", "--force", "--json"])).stdout).packages;
  expect(await clear()).toEqual([]);
  await running.process.stdin.end();
  expect(await running.ended).toMatchObject({ exitCode: 0 });
  expect(await clear()).toEqual([digest]);
});
