// JSON text → value, and from a JSON path back to the line and column it was written at.
import {
  findNodeAtLocation,
  type Node,
  type ParseErrorCode,
  parseTree,
  printParseErrorCode,
  visit,
} from "jsonc-parser";
import { type ErrorWhere, RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import { formatPath, type JsonPath, quote } from "./json-path.ts";

/** Says where a path was written. `at: "key"` points to the key instead of the value. A path that isn't in the document gets
 * the place of its nearest ancestor that is. */
export type Locate = (path: JsonPath, at?: "value" | "key") => ErrorWhere;

export interface JsonDocument {
  readonly value: unknown;
  readonly where: Locate;
}

interface ParseJsonOptions {
  /** Named in errors. */
  readonly file?: string | undefined;
  /** The code of what is thrown; default `manifest-syntax`. */
  readonly code?: ErrorCode;
  /** In UTF-16 units; default 4 Mi. */
  readonly maxLength?: number;
  /** Objects and arrays within each other; default 64. */
  readonly maxDepth?: number;
}

/** Parses strict JSON: no comments, no trailing commas, no duplicate keys, no `__proto__`, no number beyond a double, bounded in
 * size and nesting. Throws RemoteMediaError with the line and column of the first fault. */
export function parseJson(text: string, options: ParseJsonOptions = {}): JsonDocument {
  const code = options.code ?? "manifest-syntax";
  const positions = new Positions(text, options.file);
  const fail = (offset: number, message: string, hint?: string): never => {
    throw new RemoteMediaError(code, message, { where: positions.at(offset), ...(hint ? { hint } : {}) });
  };
  const maxLength = options.maxLength ?? 4 * 1024 * 1024;
  if (text.length > maxLength) fail(0, `the text is longer than ${maxLength} characters`);
  const value = new ValueBuilder(options.maxDepth ?? 64, fail).build(text);
  return { value, where: (path, at = "value") => positions.of(path, at) };
}

type Fail = (offset: number, message: string, hint?: string) => never;
type Container = Record<string, unknown> | unknown[];

/** Builds the value while the text is visited, and stops at the first fault. */
class ValueBuilder {
  readonly #maxDepth: number;
  readonly #fail: Fail;
  readonly #stack: Container[] = [];
  readonly #keys: string[] = [];
  #root: unknown;

  constructor(maxDepth: number, fail: Fail) {
    this.#maxDepth = maxDepth;
    this.#fail = fail;
  }

  build(text: string): unknown {
    visit(
      text,
      {
        onObjectBegin: (offset) => this.#enter({}, offset),
        onObjectEnd: () => this.#leave(),
        onArrayBegin: (offset) => this.#enter([], offset),
        onArrayEnd: () => this.#leave(),
        onObjectProperty: (key, offset) => this.#key(key, offset),
        onLiteralValue: (value, offset) => {
          if (typeof value === "number" && !Number.isFinite(value))
            this.#fail(offset, "the number is too large");
          this.#put(value);
        },
        onError: (error, offset) => {
          const fault = describeFault(error, text, offset);
          this.#fail(fault.offset, fault.message, fault.hint);
        },
      },
      { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
    );
    return this.#root;
  }

  #enter(container: Container, offset: number): void {
    // The visitor recurses: refusing here is what keeps its stack bounded.
    if (this.#stack.length >= this.#maxDepth) {
      this.#fail(offset, `nested deeper than ${this.#maxDepth} levels`);
    }
    this.#put(container);
    this.#stack.push(container);
    this.#keys.push("");
  }

  #leave(): void {
    this.#stack.pop();
    this.#keys.pop();
  }

  #key(key: string, offset: number): void {
    const object = this.#stack.at(-1) as Record<string, unknown>;
    if (key === "__proto__") this.#fail(offset, 'the key "__proto__" is not allowed');
    if (Object.hasOwn(object, key)) {
      this.#fail(offset, `the key ${quote(key)} is there twice`, "remove one of the two");
    }
    this.#keys[this.#keys.length - 1] = key;
  }

  #put(value: unknown): void {
    const parent = this.#stack.at(-1);
    if (parent === undefined) this.#root = value;
    else if (Array.isArray(parent)) parent.push(value);
    else parent[this.#keys.at(-1)!] = value;
  }
}

/** Offsets and paths → lines and columns, worked out only when an error asks. */
class Positions {
  readonly #text: string;
  readonly #file: string | undefined;
  #lineStarts: number[] | undefined;
  #tree: Node | undefined;

  constructor(text: string, file: string | undefined) {
    this.#text = text;
    this.#file = file;
  }

  at(offset: number): ErrorWhere {
    this.#lineStarts ??= [0, ...[...this.#text.matchAll(/\r\n|\r|\n/g)].map((m) => m.index + m[0].length)];
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const place = { line: low + 1, column: offset - starts[low]! + 1 };
    return this.#file === undefined ? place : { file: this.#file, ...place };
  }

  of(path: JsonPath, at: "value" | "key"): ErrorWhere {
    this.#tree ??= parseTree(this.#text);
    let node: Node | undefined;
    let depth = path.length;
    while (this.#tree !== undefined && node === undefined && depth >= 0) {
      node = findNodeAtLocation(this.#tree, path.slice(0, depth));
      depth--;
    }
    const whole = depth === path.length - 1;
    const isProperty = node?.parent?.type === "property";
    const pointed = whole && at === "key" && isProperty ? node!.parent! : node;
    return { ...this.at(pointed?.offset ?? 0), path: formatPath(path) };
  }
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
  InvalidCommentToken: "JSON has no comments",
  UnexpectedEndOfComment: "JSON has no comments",
  UnexpectedEndOfString: "the string is not closed",
  UnexpectedEndOfNumber: "the number is not complete",
  InvalidUnicode: "\\u needs four hexadecimal digits",
  InvalidEscapeCharacter: "this escape is not JSON's",
  InvalidCharacter: "a control character must be escaped in a string",
};

function describeFault(error: ParseErrorCode, text: string, offset: number) {
  const message = faults[printParseErrorCode(error)] ?? "this is not JSON";
  if (text.slice(offset).trim() === "") {
    return { offset: text.trimEnd().length, message: `the text ends too early: ${message}`, hint: undefined };
  }
  const afterComma = text.slice(0, offset).trimEnd().endsWith(",");
  const closes = text[offset] === "}" || text[offset] === "]";
  const hint = afterComma && closes ? "JSON has no trailing commas: remove the comma before it" : undefined;
  const startsWithMark = offset === 0 && text.charCodeAt(0) === 0xfeff;
  return {
    offset,
    message,
    hint: startsWithMark ? "save the file as UTF-8 without a byte order mark" : hint,
  };
}
