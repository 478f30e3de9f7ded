// Reads one TypeScript source for the architecture tests: its imports of every kind, and the names it takes from its surroundings.
import { parseSync } from "oxc-parser";

export interface SourceImport {
  /** As written; undefined where it is computed and so can't be judged. */
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface SourceName {
  /** `process`, `Date.now`, `import.meta.env`: a global, or a global or import.meta with its first member. */
  readonly name: string;
  readonly line: number;
}

export interface SourceFile {
  readonly imports: readonly SourceImport[];
  readonly globals: readonly SourceName[];
  /** Constructors of errors that are thrown bare: `throw new Error(…)` and its built-in kin. */
  readonly bareThrows: readonly SourceName[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const builtInErrors =
  /^(Error|TypeError|RangeError|SyntaxError|ReferenceError|EvalError|URIError|AggregateError)$/;

/** Parses `text`; throws where it isn't TypeScript. */
export function readSource(file: string, text: string): SourceFile {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]!.message}`);
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((found) => found.index + 1)];
  const lineOf = (offset: number): number => lineStarts.findLastIndex((start) => start <= offset) + 1;

  const imports: SourceImport[] = [];
  const names: SourceName[] = [];
  const bareThrows: SourceName[] = [];
  const bound = new Set<string>();
  visit(program as unknown as Node, undefined, "", (node, parent, key) => {
    const line = lineOf(node.start);
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, line });
    const name = globalName(node, parent, key);
    if (name !== undefined) names.push({ name, line });
    if (node.type === "ThrowStatement") {
      const thrown = node["argument"] as Node;
      const callee = (thrown["callee"] as Node | undefined)?.["name"];
      if (typeof callee === "string" && builtInErrors.test(callee)) bareThrows.push({ name: callee, line });
    }
    for (const own of boundNames(node)) bound.add(own);
  });
  const globals = names.filter(({ name }) => !bound.has(name.split(".")[0]!));
  return { imports, globals, bareThrows };
}

type Visitor = (node: Node, parent: Node | undefined, key: string) => void;

function visit(node: Node, parent: Node | undefined, key: string, visitor: Visitor): void {
  visitor(node, parent, key);
  for (const [childKey, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === "object" && child !== null && typeof (child as Node).type === "string") {
        visit(child as Node, node, childKey, visitor);
      }
    }
  }
}

function importOf(node: Node): Omit<SourceImport, "line"> | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration": {
      const source = node["source"] as Node | null;
      return source === null ? undefined : { specifier: literal(source), typeOnly: isTypeOnly(node) };
    }
    case "ImportExpression":
      return { specifier: literal(node["source"] as Node), typeOnly: false };
    case "TSImportType":
      return { specifier: literal(node["source"] as Node), typeOnly: true };
    case "TSExternalModuleReference":
      return { specifier: literal(node["expression"] as Node), typeOnly: false };
    case "CallExpression":
      return (node["callee"] as Node)["name"] === "require"
        ? { specifier: literal((node["arguments"] as Node[])[0]), typeOnly: false }
        : undefined;
    case "NewExpression":
      return moduleUrl(node);
    default:
      return undefined;
  }
}

/** `new URL("./entry.ts", import.meta.url)` names a module as an import does: a worker's or a child's entry. */
function moduleUrl(node: Node): Omit<SourceImport, "line"> | undefined {
  if ((node["callee"] as Node)["name"] !== "URL") return undefined;
  const specifier = literal((node["arguments"] as Node[])[0]);
  return specifier !== undefined && /^\.{1,2}\/.*\.ts$/.test(specifier)
    ? { specifier, typeOnly: false }
    : undefined;
}

function isTypeOnly(node: Node): boolean {
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  const specifiers = (node["specifiers"] ?? []) as Node[];
  return (
    specifiers.length > 0 &&
    specifiers.every((one) => one["importKind"] === "type" || one["exportKind"] === "type")
  );
}

/** The text of a string, also of a template without holes; undefined for anything that is computed. */
function literal(node: Node | undefined): string | undefined {
  if (typeof node?.["value"] === "string") return node["value"];
  if (node?.type !== "TemplateLiteral" || (node["expressions"] as Node[]).length > 0) return undefined;
  return ((node["quasis"] as Node[])[0]!["value"] as { cooked: string }).cooked;
}

/** The global that this node names, with its first member where it has one; `globalThis.x` counts as `x`. */
function globalName(node: Node, parent: Node | undefined, key: string): string | undefined {
  if (node.type === "MemberExpression") {
    const member = memberName(node);
    const object = globalObject(node["object"] as Node);
    if (object === undefined) return undefined;
    if (object !== "globalThis") return `${object}.${member ?? "?"}`;
    // `globalThis.x.y` is reported once, as `x.y`.
    return isObjectOf(parent, key) ? undefined : member;
  }
  if (node.type !== "Identifier" || isLabelOrKey(parent, key) || isObjectOf(parent, key)) return undefined;
  return node["name"] as string;
}

function globalObject(object: Node): string | undefined {
  if (object.type === "MetaProperty") return "import.meta";
  if (object.type === "Identifier") return object["name"] as string;
  if (object.type !== "MemberExpression") return undefined;
  return (object["object"] as Node)["name"] === "globalThis" ? memberName(object) : undefined;
}

function isObjectOf(parent: Node | undefined, key: string): boolean {
  return parent?.type === "MemberExpression" && key === "object";
}

function memberName(member: Node): string | undefined {
  const property = member["property"] as Node;
  return member["computed"] === true ? literal(property) : (property["name"] as string | undefined);
}

/** A name that stands for itself, not for a value or a type: `.process`, `{ process: … }`, `process(): void`. */
function isLabelOrKey(parent: Node | undefined, key: string): boolean {
  if (parent === undefined || parent["computed"] === true) return false;
  if (key === "property" || key === "label" || key === "imported" || key === "exported") return true;
  return key === "key" && parent["shorthand"] !== true;
}

/** Names that this node declares as the file's own: then the global of that name isn't meant. */
function boundNames(node: Node): string[] {
  switch (node.type) {
    case "VariableDeclarator":
      return patternNames(node["id"] as Node);
    case "CatchClause":
      return patternNames(node["param"] as Node | null);
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [node["id"] as Node | null, ...(node["params"] as Node[])].flatMap(patternNames);
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return patternNames(node["id"] as Node);
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return patternNames(node["local"] as Node);
    default:
      return [];
  }
}

function patternNames(pattern: Node | null | undefined): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern["name"] as string];
    case "AssignmentPattern":
      return patternNames(pattern["left"] as Node);
    case "RestElement":
      return patternNames(pattern["argument"] as Node);
    case "ArrayPattern":
      return (pattern["elements"] as (Node | null)[]).flatMap(patternNames);
    case "ObjectPattern":
      return (pattern["properties"] as Node[]).flatMap((one) =>
        patternNames(one.type === "Property" ? (one["value"] as Node) : one),
      );
    default:
      return [];
  }
}
