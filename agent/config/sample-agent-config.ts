// The commented sample of the agent's file: every setting with its documentation, commented out at its default or an example.
import { agentConfigJsonSchema, formOf, type SettingSchema } from "./setting-docs.ts";

const width = 110;

/** What `remotemedia agent --print-config` prints: a file that says nothing, and that each line can be taken into. */
export function renderSampleConfig(): string {
  return [
    "// The agent's settings, all of which may be left out. JSON with comments: take the slashes away in front of what you set.",
    "{",
    ...renderSettings(agentConfigJsonSchema(), "  "),
    "}",
    "",
  ].join("\n");
}

function renderSettings({ properties = {} }: SettingSchema, indent: string): string[] {
  return Object.entries(properties).flatMap(([name, schema], at) => [
    ...(at > 0 && indent === "  " ? [""] : []),
    ...wrap(schema.description ?? "", width - indent.length).map((line) => `${indent}// ${line}`),
    ...renderSetting(`${JSON.stringify(name)}: `, schema, indent),
  ]);
}

/** Code is told from documentation by what follows the slashes: no space. */
function renderSetting(key: string, schema: SettingSchema, indent: string): string[] {
  const form = formOf(schema);
  const inner = `${indent}  `;
  if (form.properties !== undefined) {
    return [`${indent}//${key}{`, ...renderSettings(form, inner), `${indent}//},`];
  }
  if (form.items?.properties !== undefined) {
    return [
      `${indent}//${key}[`,
      `${inner}//{`,
      ...renderSettings(form.items, `${inner}  `),
      `${inner}//},`,
      `${indent}//],`,
    ];
  }
  const entry = form.additionalProperties;
  const [name] = Object.keys((form.examples?.[0] ?? {}) as object);
  if (typeof entry === "object" && entry.properties !== undefined && name !== undefined) {
    return [
      `${indent}//${key}{`,
      ...renderSetting(`${JSON.stringify(name)}: `, entry, inner),
      `${indent}//},`,
    ];
  }
  const lines = JSON.stringify(shown(schema), undefined, Array.isArray(shown(schema)) ? undefined : 2).split(
    "\n",
  );
  return lines.map((line, at) => {
    const text = line.trimStart();
    const comma = at === lines.length - 1 ? "," : "";
    return `${indent}${" ".repeat(line.length - text.length)}//${at === 0 ? key : ""}${text}${comma}`;
  });
}

/** The default, where that shows anything; else the example. */
function shown({ default: fallback, examples }: SettingSchema): unknown {
  const showsNothing = fallback === undefined || /^(\[\]|\{\})$/.test(JSON.stringify(fallback));
  return showsNothing ? (examples?.[0] ?? fallback) : fallback;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
