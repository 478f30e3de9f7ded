// The agent's file: what may be in it, what is refused and how, and that its documentation is its schema's.
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderAgentConfigReference } from "../../../agent/config/agent-config-reference.ts";
import { parseAgentConfig } from "../../../agent/config/parse-agent-config.ts";
import { renderSampleConfig } from "../../../agent/config/sample-agent-config.ts";
import { agentConfigJsonSchema, formOf, type SettingSchema } from "../../../agent/config/setting-docs.ts";
import { placementPolicies } from "../../../agent/manifest/node-schema.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

const file = "agent.json";
const parse = (text: string) => parseAgentConfig(text, file).settings;
const refusal = (text: string): RemoteMediaError => {
  try {
    parse(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    return thrown as RemoteMediaError;
  }
  return expect.fail(`taken: ${text}`);
};

/** A bounded rendering of every setting, leaf or not. */
function everySetting(schema: SettingSchema, path = ""): { path: string; setting: SettingSchema }[] {
  return Object.entries(formOf(schema).properties ?? {}).flatMap(([name, setting]) => {
    const entry = formOf(setting).additionalProperties;
    const inner = formOf(setting).items ?? (typeof entry === "object" ? entry : setting);
    return [{ path: `${path}${name}`, setting }, ...everySetting(inner, `${path}${name}.`)];
  });
}

describe("what is taken", () => {
  it("an empty file, one of comments and an empty object are every default", () => {
    const defaults = parse("{}");
    expect(parse("")).toEqual(defaults);
    expect(parse("// nothing yet\n/* at all */")).toEqual(defaults);
    expect(defaults).toEqual({
      listen: { host: "0.0.0.0", port: 7400 },
      discovery: true,
      peers: [],
      ice_servers: [],
      execute: { enabled: true, max_stages: 64, allow_unsigned: false },
      placement: {},
      capabilities: {},
      pipelines: {},
      drain_timeout_s: 30,
      log: "info",
    });
  });

  it("comments, trailing commas and nested defaults", () => {
    const settings = parse(`{
      // ours
      "listen": { "port": 0, }, /* and */
      "ice_servers": [{ "kind": "stun", "host": "stun.example" },],
      "pipelines": { "door": { "path": "door.rmpkg" } },
    }`);
    expect(settings.listen).toEqual({ host: "0.0.0.0", port: 0 });
    expect(settings.ice_servers).toEqual([{ kind: "stun", host: "stun.example", port: 3478 }]);
    expect(settings.pipelines["door"]).toEqual({
      path: "door.rmpkg",
      enabled: true,
      set: {},
      inputs: [],
      outputs: [],
      live: [],
      restart: "on-failure",
    });
    expect(parse('{"listen": false}').listen).toBe(false);
  });

  it("the policies are those of a manifest", () => {
    for (const policy of placementPolicies)
      expect(parse(JSON.stringify({ placement: { policy } })).placement.policy).toBe(policy);
  });
});

describe("what is refused", () => {
  it.each([
    ['{\n  "lisen": false\n}', "lisen is no setting", 2, 3, "did you mean listen?"],
    ['{"listen": {\n "prt": 1}}', "listen.prt is no setting", 2, 2, "did you mean port?"],
    [
      '{"pipelines": {"a": {"path": "x", "input": []}}}',
      "pipelines.a.input is no setting",
      1,
      35,
      "did you mean inputs?",
    ],
    [
      '{"ice_servers": [{"kind": "stun", "host": "h", "prot": 1}]}',
      "ice_servers[0].prot is no setting",
      1,
      48,
      "did you mean port?",
    ],
    ['{"listen": {"port": 65536}}', "listen.port must be from 0 to 65535", 1, 21, undefined],
    ['{"listen": {"port": 7.5}}', "listen.port must be a whole number", 1, 21, undefined],
    ['{"listen": true}', "listen must be false, or an object", 1, 12, undefined],
    ['{"discovery": "yes"}', "discovery must be true or false", 1, 15, undefined],
    ['{"broker": {}}', "broker.url is missing", 1, 12, undefined],
    ['{"log": "loud"}', 'log must be one of "error", "warning", "info", "debug"', 1, 9, undefined],
    [
      '{"peers": ["http://x"]}',
      "peers[0] must be an address such as ws://host:port, without a password in it",
      1,
      12,
      undefined,
    ],
    [
      '{"pipelines": {"a b": {"path": "x"}}}',
      'pipelines["a b"] must be a word of letters, digits, underscores, dots and dashes',
      1,
      23,
      undefined,
    ],
    ['{"a": 1, "a": 2}', 'the key "a" is there twice', 1, 10, undefined],
    ["[]", "the file must be an object", 1, 1, undefined],
    ["{", 'expected "}"', 1, 2, undefined],
    ['{"name": "x" "mesh": "y"}', "expected a comma", 1, 14, undefined],
  ])("%s", (text, message, line, column, hint) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: "config-invalid", message, where: { file, line, column } });
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });

  it.each([
    ["broker", { url: "mqtt://me:secret@broker" }],
    ["broker", { url: "mqtt://broker", cert_file: "c.pem" }],
    ["broker", { url: "http://broker" }],
    ["ice_servers", [{ kind: "stun", host: "stun:3478" }]],
    ["ice_servers", [{ kind: "stun", host: "s", username: "u" }]],
    ["ice_servers", [{ kind: "turn", host: "s" }]],
    ["ice_servers", [{ kind: "turn", host: "s", credential_file: "f" }]],
    ["ice_servers", [{ kind: "turn", host: "s", username: "u", credential_file: "f", secret_file: "g" }]],
    ["port_range", { min: 2, max: 1 }],
    ["listen", { host: "256.0.0.1" }],
    ["listen", { host: "a..b" }],
    ["listen", { host: "::g" }],
    ["name", "bell\u0007"],
    ["name", "left\u202eright"],
    ["control_socket", `/${"x".repeat(107)}`],
    ["pipelines", { a: { path: "" } }],
    ["pipelines", { a: { path: "x", set: { param: 1 } } }],
    ["price", -1],
  ])("%s: %j", (key, value) => {
    const error = refusal(JSON.stringify({ [key]: value }));
    expect(error.code).toBe("config-invalid");
    expect(error.where?.path).toMatch(new RegExp(`^${key}`));
  });

  it.each(["10.0.0.7", "::", "fe80::1", "host", "a-b.example"])("but the host %s is taken", (host) => {
    expect(parse(JSON.stringify({ listen: { host } })).listen).toEqual({ host, port: 7400 });
  });

  it("`__proto__` as a key, and what is nested to exhaust a parser", () => {
    expect(refusal('{"capabilities": {"__proto__": {"x": 1}}}').message).toContain("__proto__");
    expect(refusal(`{"name": ${"[".repeat(100_000)}`).message).toContain("nested deeper");
    expect(refusal(`"${"x".repeat(2_000_000)}"`).message).toContain("longer than");
  });

  it("whatever it is, with its place, and never by a crash", () => {
    const soup = fc.array(
      fc.constantFrom(...'{}[]",:0-e.tfn/*\n\\ ', '"listen"', '"pipelines"', '"a"', "false", "//"),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          soup.map((parts) => parts.join("")),
          fc.json(),
        ),
        (text) => {
          try {
            parse(text);
          } catch (thrown) {
            expect((thrown as RemoteMediaError).code).toBe("config-invalid");
            expect((thrown as RemoteMediaError).where?.line).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("any value in the place of any setting is taken or refused with its place", () => {
    const names = Object.keys(agentConfigJsonSchema().properties ?? {});
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }), (name, value) => {
        try {
          parse(JSON.stringify({ [name]: value }));
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "config-invalid", where: { file } });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("its documentation", () => {
  it("is there for every setting, with a default or an example for each that isn't an object of others", () => {
    for (const { path, setting } of everySetting(agentConfigJsonSchema())) {
      expect(setting.description, path).toMatch(/\.$/);
      const inner = formOf(setting);
      if ((inner.items ?? inner).properties !== undefined) continue;
      expect(setting.default ?? setting.examples?.[0], path).toBeDefined();
    }
  });

  it("the sample says nothing, and everything once its comments are taken away", () => {
    const sample = renderSampleConfig();
    expect(parse(sample)).toEqual(parse("{}"));
    const said = sample.replace(/^(\s*)\/\/(?! )/gm, "$1").replace(/^\s*"credential_file".*$/m, "");
    const settings = parse(said);
    const top = Object.keys(agentConfigJsonSchema().properties ?? {});
    expect(Object.keys(settings).toSorted()).toEqual(top.toSorted());
    expect(settings.pipelines["doorbell"]?.path).toBe("/srv/doorbell.rmpkg");
  });

  it("the committed reference page is that of the schema", async () => {
    const page = await readFile(
      new URL("../../../agent/config/generated/agent-config-reference.md", import.meta.url),
      "utf8",
    );
    expect(page, "run `bun scripts/generate-agent-config-reference.ts`").toBe(renderAgentConfigReference());
  });
});
