// `remotemedia mesh` from a new mesh to a device that has left it, each device a home of its own.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Ended, Scratch } from "./program.ts";

let owner: Scratch;
let board: Scratch;
beforeEach(() => {
  owner = new Scratch();
  board = new Scratch();
});
afterEach(() => {
  for (const scratch of [owner, board]) {
    expect(scratch.leftovers()).toEqual([]);
    scratch[Symbol.dispose]();
  }
});

async function mesh(scratch: Scratch, words: readonly string[], stdin = ""): Promise<Ended> {
  return scratch.run(["mesh", ...words], stdin);
}

/** What `show --json` says. */
async function shown(scratch: Scratch) {
  return JSON.parse((await mesh(scratch, ["show", "--json"])).stdout);
}

async function admitted(words: readonly string[] = []): Promise<Ended> {
  const request = await mesh(board, ["request", "--name", "board"]);
  return mesh(owner, ["admit", "-", "--role", "capture,execute", ...words], request.stdout);
}

describe("a mesh", () => {
  test("is made, takes a device in, and is left", async () => {
    const created = await mesh(owner, ["create", "home", "--name", "laptop"]);
    expect(created.exitCode).toBe(0);
    expect(created.stderr).toMatch(/^warning: .*home\.key has no passphrase/);
    const root = owner.file("home/mesh/home.key");
    expect(statSync(root).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${root}.pub`, "utf8")).toContain("BEGIN PUBLIC KEY");

    const request = board.file("board.request");
    const membership = board.file("board.membership");
    expect((await mesh(board, ["request", "--name", "board", "-o", request])).exitCode).toBe(0);
    const grant = [
      "admit",
      request,
      "--role",
      "capture",
      "--role",
      "execute",
      "--days",
      "30",
      "-o",
      membership,
    ];
    const admission = await mesh(owner, grant);
    expect(admission).toMatchObject({ exitCode: 0, stdout: "" });
    expect(admission.stderr).toMatch(/the membership of board \([a-z2-7]{26}\) in home as capture, execute/);
    expect(readFileSync(membership, "utf8")).not.toContain("PRIVATE");
    const joined = await mesh(board, ["join", membership, "--json"]);
    expect(joined.exitCode).toBe(0);

    const [mine, theirs] = [await shown(board), await shown(owner)];
    expect(mine.meshes).toEqual([JSON.parse(joined.stdout)]);
    expect(mine.meshes[0]).toMatchObject({ mesh_name: "home", name: "board", roles: ["capture", "execute"] });
    const { issued, expires } = mine.meshes[0];
    expect(Date.parse(expires) - Date.parse(issued)).toBe(30 * 86_400_000);
    expect(theirs.meshes[0]).toMatchObject({ mesh: mine.meshes[0].mesh, name: "laptop" });
    expect(theirs.meshes[0].roles).toEqual(["capture", "execute", "deploy", "view"]);
    expect(theirs.owner_of).toEqual([{ name: "home", root_key: root }]);
    expect(mine.owner_of).toEqual([]);

    expect((await mesh(board, ["leave"])).exitCode).toBe(0);
    const left = await shown(board);
    expect(left).toEqual({ ...mine, meshes: [] });
  });

  test("of a root key with a passphrase admits nobody without it", async () => {
    writeFileSync(owner.file("pass"), "correct horse\n");
    writeFileSync(owner.file("wrong"), "battery\n");
    const pass = (name: string) => ["--passphrase-file", owner.file(name)];
    const created = await mesh(owner, ["create", "home", ...pass("pass")]);
    expect(created).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readFileSync(owner.file("home/mesh/home.key"), "utf8")).toContain("ENCRYPTED");
    expect(await admitted(pass("wrong"))).toMatchObject({ exitCode: 2, stdout: "" });
    expect((await admitted(pass("pass"))).exitCode).toBe(0);
  });

  test("isn't made twice; one that was broken off before its first member is finished", async () => {
    await mesh(owner, ["create", "home"]);
    const first = await shown(owner);
    expect(await mesh(owner, ["create", "home"])).toMatchObject({ exitCode: 2, stdout: "" });
    await mesh(owner, ["leave", "home"]);
    expect((await mesh(owner, ["create", "home"])).exitCode).toBe(0);
    expect((await shown(owner)).meshes[0].mesh).toBe(first.meshes[0].mesh);
  });

  test("has to be named where there is more than one", async () => {
    await mesh(owner, ["create", "home"]);
    await mesh(owner, ["create", "work"]);
    const unnamed = await admitted();
    expect(unnamed.exitCode).toBe(2);
    expect(unnamed.stderr).toContain("there are home, work");
    expect((await admitted(["--mesh", "wrok"])).stderr).toContain("did you mean work?");
    const admission = JSON.parse((await admitted(["--mesh", "work"])).stdout);
    expect(admission.mesh_name).toBe("work");
  });
});

describe("what is refused", () => {
  test("an admission of another device, a changed one, and one older than what is kept", async () => {
    await mesh(owner, ["create", "home"]);
    const admission = (await admitted()).stdout;
    const others = await mesh(owner, ["join", "-"], admission);
    expect(others).toMatchObject({ exitCode: 3, stdout: "" });
    expect(others.stderr).toContain("not of this device");

    const document = JSON.parse(admission);
    const bundle = Buffer.from(document.membership, "base64").toString("latin1");
    const changed = Buffer.from(bundle.replace('"sig":"ME', '"sig":"MF'), "latin1").toString("base64");
    expect(changed).not.toBe(document.membership);
    const forged = JSON.stringify({ ...document, membership: changed });
    expect((await mesh(board, ["join", "-"], forged)).exitCode).toBe(3);
    expect((await shown(board)).meshes).toEqual([]);

    const later = (await admitted()).stdout;
    expect((await mesh(board, ["join", "-"], later)).exitCode).toBe(0);
    const older = await mesh(board, ["join", "-"], admission);
    expect(older.exitCode).toBe(3);
    expect(older.stderr).toContain("older than the one that this device has");
  });

  test("an admission signed by another root key than it brings", async () => {
    await mesh(owner, ["create", "home"]);
    await mesh(owner, ["create", "work"]);
    const home = JSON.parse((await admitted(["--mesh", "home"])).stdout);
    const work = JSON.parse((await admitted(["--mesh", "work"])).stdout);
    const mixed = JSON.stringify({ ...home, root_key: work.root_key });
    expect(await mesh(board, ["join", "-"], mixed)).toMatchObject({ exitCode: 3, stdout: "" });
  });

  test.each([
    [["creat", "home"], "did you mean create?"],
    [["create"], "create needs the mesh's name"],
    [["create", "../home"], "can't be a mesh's name"],
    [["create", "home", "--role", "view"], "create takes no --role"],
    [["admit", "nowhere", "--role", "view"], "there is no mesh with its root key here"],
    [["admit", "nowhere"], "admit needs --role"],
    [["admit", "nowhere", "--role", "exec"], "unknown role exec"],
    [["admit", "nowhere", "--role", "view", "--days", "0"], "--days must be a whole number"],
    [["leave"], "there is no mesh that this device belongs to here"],
    [["join", "nowhere"], "can't be read"],
    [["show", "home"], "show takes no home"],
  ])("mesh %j", async (words, said) => {
    const { exitCode, stderr, stdout } = await mesh(board, words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  test("a file that is no admission, and one without end", async () => {
    for (const text of ["", "{}", '{"version":1,"version":1}', "x".repeat(70_000)]) {
      expect((await mesh(board, ["join", "-"], text)).exitCode).toBe(3);
    }
    expect((await mesh(board, ["join", "/dev/zero"])).exitCode).toBe(3);
  });
});

test("of processes that come first at once, one makes the device's identity", async () => {
  const runs = await Promise.all(Array.from({ length: 5 }, () => mesh(board, ["show", "--json"])));
  const devices = runs.map(({ stdout }) => JSON.parse(stdout).device);
  expect(new Set(devices).size).toBe(1);
  expect(devices[0]).toMatch(/^[a-z2-7]{26}$/);
  expect(statSync(join(board.folder, "home/mesh/identity.json")).mode & 0o777).toBe(0o600);
});
