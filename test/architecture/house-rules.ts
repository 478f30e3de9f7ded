// What each room's source may use of its surroundings, as one function over a parsed file.
import {
  compositionRoot,
  judgeImport,
  printingRoom,
  pureRooms,
  roomOf,
  webStandardRooms,
} from "../../scripts/floors.ts";
import { readSource, type SourceFile } from "./source-file.ts";

const notWebStandard =
  /^(Bun|process|Buffer|require|global|__dirname|__filename|setImmediate|clearImmediate)(\.|$)/;
const notWebStandardMeta = /^import\.meta\.(dir|dirname|path|filename|file|main|env|require)$/;
const notPure =
  /^(Date\.now|Math\.random|performance(\..*)?|crypto\.(getRandomValues|randomUUID)|fetch|WebSocket|setTimeout|setInterval|queueMicrotask)$/;
const environment = /^(process\.env|Bun\.env|import\.meta\.env)$/;
const printing = /^(console(\..*)?|process\.(stdout|stderr))$/;

/** Every breach of the floors and of the house's rules in one file, each as `file:line: sentence`. */
export function findBreaches(file: string, text: string): string[] {
  const room = roomOf(file);
  if (room === undefined) return [];
  const source = readSource(file, text);
  return [
    ...importBreaches(file, source),
    ...nameBreaches(file, room, source),
    ...throwBreaches(file, source),
  ];
}

function importBreaches(file: string, source: SourceFile): string[] {
  return source.imports.flatMap(({ specifier, typeOnly, line }) => {
    // Glue that was just made is imported by a computed URL; what a computed import names, no table can judge.
    if (specifier === undefined) return [];
    const reason = judgeImport({ file, specifier, typeOnly });
    return reason === undefined ? [] : [`${file}:${line}: ${reason}`];
  });
}

function nameBreaches(file: string, room: string, source: SourceFile): string[] {
  return source.globals.flatMap(({ name, line }) => {
    const at = `${file}:${line}:`;
    const breaches: string[] = [];
    if (webStandardRooms.includes(room) && (notWebStandard.test(name) || notWebStandardMeta.test(name))) {
      breaches.push(`${at} ${room} uses web-standard APIs only, not ${name}`);
    }
    if (pureRooms.includes(room) && notPure.test(name)) breaches.push(`${at} ${room} is pure: no ${name}`);
    if (environment.test(name) && room !== compositionRoot) {
      breaches.push(`${at} only ${compositionRoot} reads the environment`);
    }
    if (printing.test(name) && room !== printingRoom && room !== compositionRoot) {
      breaches.push(`${at} only ${printingRoom} prints, not ${name}`);
    }
    return breaches;
  });
}

function throwBreaches(file: string, source: SourceFile): string[] {
  return source.bareThrows.map(
    ({ name, line }) => `${file}:${line}: throw a RemoteMediaError with a code, not a bare ${name}`,
  );
}
