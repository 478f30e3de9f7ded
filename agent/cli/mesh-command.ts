// `remotemedia mesh`: who belongs to which mesh, on the owner's machine and on the device.
import { hostname } from "node:os";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import type { Config } from "../config/config.ts";
import { encodeAdmission, isMeshName, parseAdmission } from "../main/admission.ts";
import { loadConfig } from "../main/environment.ts";
import { readDocument, writeDocument } from "../main/mesh-document.ts";
import { admitDevice, chooseMesh, createMesh, listOwnMeshes } from "../main/mesh-root.ts";
import { joinMesh, leaveMesh, loadMeshState } from "../main/mesh-state.ts";
import { writeMembershipRequest } from "../mesh/membership.ts";
import { type Role, roles } from "../protocol/peer-session.ts";
import { askPassphrases } from "./ask-passphrase.ts";
import type { Call } from "./command.ts";
import { describeMembership, describeState, formatState } from "./mesh-page.ts";
import { openPackageVoice } from "./package-voice.ts";
import { givenPassphrase, openCallsKey } from "./signing-key.ts";
import { oneLine } from "./terminal.ts";

const actions: Readonly<
  Record<string, (call: Call, config: Config, word: string | undefined) => Promise<void>>
> = {
  create,
  request,
  admit,
  join,
  show,
  leave,
};

/** Options that only some of them take. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  create: ["name", "days", "passphrase-file"],
  request: ["name", "output"],
  admit: ["role", "name", "days", "mesh", "output", "passphrase-file"],
};

export async function executeMesh(call: Call): Promise<number> {
  const [name = "", word] = call.operands;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) {
    const near = nearestName(name, Object.keys(actions));
    throw usage(`unknown action ${name}`, near === undefined ? undefined : `did you mean ${near}?`);
  }
  for (const option of optionsOf["admit"]!) {
    if (call.flag(option) && !optionsOf[name]?.includes(option)) throw usage(`${name} takes no --${option}`);
  }
  await action(call, await loadConfig(), word);
  return 0;
}

async function create(call: Call, config: Config, word: string | undefined): Promise<void> {
  const meshName = needWord(word, "create needs the mesh's name");
  if (!isMeshName(meshName)) {
    throw usage(
      `${meshName} can't be a mesh's name`,
      "it is a word of letters, digits, underscores, dots and dashes",
    );
  }
  const { joined, keyFile, isEncrypted } = await createMesh({
    home: config.homeFolder,
    meshName,
    deviceName: deviceName(call),
    expiresMs: Date.now() + daysOf(call),
    passphrase: await givenPassphrase(call, config),
    givePassphrase: async () =>
      (await givenPassphrase(call, config)) ??
      (await askPassphrases([`passphrase of ${keyFileOf(meshName)}`], call.terminal))[0]!,
  });
  const voice = openPackageVoice(call);
  if (!isEncrypted)
    voice.warning(`${keyFile} has no passphrase: who can read it decides who belongs to ${meshName}`);
  if (call.flag("json")) {
    call.terminal.print(JSON.stringify({ ...describeMembership(joined), root_key: keyFile }, undefined, 2));
    return;
  }
  call.terminal.print(`mesh      ${meshName}  (${joined.mesh})`);
  call.terminal.print(
    `root key  ${oneLine(keyFile)}  (${isEncrypted ? "encrypted by its passphrase" : "not encrypted"}; keep it to yourself)`,
  );
  call.terminal.print(`member    ${joined.membership.name}  ${joined.membership.device}`);
}

async function request(call: Call, config: Config, word: string | undefined): Promise<void> {
  refuseWord(word, "request");
  const { identity } = await loadMeshState(config);
  const document = new TextDecoder().decode(writeMembershipRequest(identity, deviceName(call)));
  await give(call, `${document}\n`, `the request of this device, ${identity.device}`);
}

async function admit(call: Call, config: Config, word: string | undefined): Promise<void> {
  const file = needWord(word, "admit needs the device's request");
  const grantedRoles = rolesOf(call);
  const issuedMs = Date.now();
  const expiresMs = issuedMs + daysOf(call);
  const { meshName, file: keyFile } = chooseMesh(
    await listOwnMeshes(config.homeFolder),
    call.text("mesh"),
    "mesh with its root key",
  );
  const bytes = await readDocument(file);
  const key = await openCallsKey(keyFile, call, config, openPackageVoice(call));
  const grant = { roles: grantedRoles, name: call.text("name"), issuedMs, expiresMs };
  const { admission, request: asked } = admitDevice(meshName, key, bytes, grant);
  const who = `${call.text("name") ?? asked.name} (${asked.device})`;
  await give(
    call,
    encodeAdmission(admission),
    `the membership of ${who} in ${meshName} as ${grantedRoles.join(", ")}`,
  );
}

async function join(call: Call, config: Config, word: string | undefined): Promise<void> {
  const file = needWord(word, "join needs the file that the mesh's owner made");
  const joined = await joinMesh(config.homeFolder, parseAdmission(await readDocument(file), file));
  if (call.flag("json")) {
    call.terminal.print(JSON.stringify(describeMembership(joined), undefined, 2));
    return;
  }
  const { membership, meshName, mesh } = joined;
  call.terminal.print(`mesh    ${meshName}  (${mesh})`);
  call.terminal.print(
    `member  ${membership.name}  ${membership.roles.join(", ")}, until ${new Date(membership.expires).toISOString().slice(0, 10)}`,
  );
}

async function show(call: Call, config: Config, word: string | undefined): Promise<void> {
  refuseWord(word, "show");
  const state = await loadMeshState(config);
  const owned = await listOwnMeshes(config.homeFolder);
  call.terminal.print(
    call.flag("json")
      ? JSON.stringify(describeState(state, owned), undefined, 2)
      : formatState(state, owned).join("\n"),
  );
}

async function leave(call: Call, config: Config, word: string | undefined): Promise<void> {
  const { memberships, useless } = await loadMeshState(config);
  // What can't be read any more can be left by its file's name, which show names.
  const all = [...memberships, ...useless.map(({ file }) => ({ file, meshName: fileName(file) }))];
  const { file, meshName } = chooseMesh(all, word, "mesh that this device belongs to");
  await leaveMesh(config.homeFolder, file);
  if (call.flag("json")) call.terminal.print(JSON.stringify({ left: meshName }));
  else openPackageVoice(call).notice(`left ${meshName}`);
}

async function give(call: Call, text: string, what: string): Promise<void> {
  const file = call.text("output");
  if (file === undefined || file === "-") {
    call.terminal.print(text.trimEnd());
    return;
  }
  await writeDocument(file, text);
  openPackageVoice(call).notice(`${file} is ${what}`);
}

function rolesOf(call: Call): readonly Role[] {
  const words = call.texts("role").flatMap((text) => text.split(","));
  if (words.length === 0) throw usage("admit needs --role", `there are ${roles.join(", ")}`);
  return words.map((word) => {
    const role = roles.find((known) => known === word);
    if (role !== undefined) return role;
    const near = nearestName(word, roles);
    throw usage(
      `unknown role ${word}`,
      near === undefined ? `there are ${roles.join(", ")}` : `did you mean ${near}?`,
    );
  });
}

const dayMs = 86_400_000;
const mostDays = 36_500;

function daysOf(call: Call): number {
  const text = call.text("days") ?? "365";
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > mostDays) throw usage(`--days must be a whole number from 1 to ${mostDays}`);
  return days * dayMs;
}

function deviceName(call: Call): string {
  return call.text("name") ?? hostname();
}

function keyFileOf(meshName: string): string {
  return `${meshName}.key`;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function needWord(word: string | undefined, message: string): string {
  if (word === undefined) throw usage(message);
  return word;
}

function refuseWord(word: string | undefined, action: string): void {
  if (word !== undefined) throw usage(`${action} takes no ${word}`);
}

function usage(message: string, hint = "remotemedia mesh --help shows what it takes"): RemoteMediaError {
  return new RemoteMediaError("usage", `mesh: ${message}`, { hint });
}
