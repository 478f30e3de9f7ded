// JSON paths: where a value sits in a document, and how names out of a document are shown to a person.

/** Keys and indexes from the document's root down. */
export type JsonPath = readonly (string | number)[];

const plainKey = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;
const shownLength = 60;

/** `nodes[1].params.factor`; keys that aren't plain words are quoted: `modules["my node"]`. The root is "". */
export function formatPath(path: JsonPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!plainKey.test(step) || step.length > shownLength) text += `[${quote(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** A name out of a document, in quotes. It is attacker-controlled and ends on a terminal: control and formatting
 * characters are escaped, and what is longer than 60 characters is cut. */
export function quote(name: string): string {
  const cut = name.length > shownLength ? `${name.slice(0, shownLength)}…` : name;
  return `"${cut.replace(/["\\]|\p{C}/gu, (char) => (char === '"' || char === "\\" ? `\\${char}` : escapeChar(char)))}"`;
}

function escapeChar(char: string): string {
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}
