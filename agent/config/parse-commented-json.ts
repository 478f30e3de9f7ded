// JSON with comments and trailing commas, as people write configuration: bounded, and each value's line and column known.
import {
  createScanner,
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { type ErrorWhere, RemoteMediaError } from "../../platform/base/error.ts";

export type SettingPath = readonly (string | number)[];

export interface CommentedJson {
  readonly value: unknown;
  /** Where a path was written; of one that isn't there, its nearest ancestor's place. `at: "key"` points to the key. */
  where(path: SettingPath, at?: "value" | "key"): ErrorWhere;
}

/** In UTF-16 units, and in objects and lists within each other. */
const most = { length: 1024 * 1024, depth: 32 };

/** No key twice, no `__proto__`. @throws RemoteMediaError `config-invalid` with the line and column of the first fault */
export function parseCommentedJson(text: string, file: string): CommentedJson {
  const fail = (offset: number, message: string): never => {
    throw new RemoteMediaError("config-invalid", message, { where: placeOf(text, file, offset) });
  };
  if (text.length > most.length) fail(0, `the file is longer than ${most.length} characters`);
  refuseDepth(text, fail);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first !== undefined) fail(first.offset, faults[printParseErrorCode(first.error)] ?? "this is not JSON");
  const value = root === undefined ? undefined : toValue(root, fail);
  return {
    value,
    where: (path, at = "value") => {
      let depth = path.length;
      let node: Node | undefined;
      while (root !== undefined && node === undefined && depth >= 0) {
        node = findNodeAtLocation(root, path.slice(0, depth--));
      }
      const isKey = at === "key" && depth === path.length - 1 && node?.parent?.type === "property";
      const offset = (isKey ? node?.parent : node)?.offset ?? 0;
      return { ...placeOf(text, file, offset), path: formatSetting(path) };
    },
  };
}

/** `listen.port`, `ice_servers[0].host`, `pipelines["a b"]`. */
export function formatSetting(path: SettingPath): string {
  return path
    .map((step, at) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step.slice(0, 80))}]`;
      return at === 0 ? step : `.${step}`;
    })
    .join("");
}

const faults: Readonly<Record<string, string>> = {
  InvalidSymbol: "this is not a JSON value",
  InvalidNumberFormat: "this is not a JSON number",
  PropertyNameExpected: "expected a key in double quotes",
  ValueExpected: "expected a value",
  ColonExpected: "expected a colon",
  CommaExpected: "expected a comma",
  CloseBraceExpected: 'expected "}"',
  CloseBracketExpected: 'expected "]"',
  EndOfFileExpected: "expected nothing more after the value",
  UnexpectedEndOfComment: "the comment is not closed",
  UnexpectedEndOfString: "the string is not closed",
  InvalidCharacter: "a control character must be escaped in a string",
  InvalidEscapeCharacter: "this escape is not JSON's",
};

type Fail = (offset: number, message: string) => never;

/** `SyntaxKind.EOF`, which TypeScript lets nobody import who compiles file by file. */
const endOfText = 17;

/** The parser recurses: refusing before it begins keeps its stack bounded. */
function refuseDepth(text: string, fail: Fail): void {
  const scanner = createScanner(text, true);
  let depth = 0;
  while (scanner.scan() !== endOfText) {
    const token = text[scanner.getTokenOffset()];
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    if (depth > most.depth) fail(scanner.getTokenOffset(), `nested deeper than ${most.depth} levels`);
  }
}

function toValue(node: Node, fail: Fail): unknown {
  if (node.type === "array") return node.children?.map((child) => toValue(child, fail)) ?? [];
  if (node.type !== "object") {
    if (typeof node.value === "number" && !Number.isFinite(node.value))
      fail(node.offset, "the number is too large");
    return node.value;
  }
  const object: Record<string, unknown> = {};
  for (const { offset, children } of node.children ?? []) {
    const [key, value] = children ?? [];
    const name = String(key?.value);
    if (name === "__proto__") fail(offset, 'the key "__proto__" is not allowed');
    if (Object.hasOwn(object, name))
      fail(offset, `the key ${JSON.stringify(name.slice(0, 80))} is there twice`);
    object[name] = value === undefined ? null : toValue(value, fail);
  }
  return object;
}

function placeOf(text: string, file: string, offset: number): ErrorWhere {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { file, line: lines.length, column: lines.at(-1)!.length + 1 };
}
