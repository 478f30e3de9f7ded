// Control messages: their bytes, the way there and back, and what is refused.
import { Encoder } from "cbor-x";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protocolBounds } from "../../../agent/protocol/bounds.ts";
import { encodeControl } from "../../../agent/protocol/encode-control.ts";
import { parseControl } from "../../../agent/protocol/parse-control.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import golden from "./golden/control.json" with { type: "json" };
import { sampleControl } from "./sample-messages.ts";

const samples = Object.entries(sampleControl);
const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
const encode = (value: unknown) => new Uint8Array(encoder.encode(value));

/** The code of what `parse` throws; fails the test where anything else comes. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    parseControl(bytes);
    return undefined;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    return (thrown as RemoteMediaError).code;
  }
}

describe("A control message", () => {
  it.each(samples)("has the bytes on file: %s", (name, message) => {
    expect(Buffer.from(encodeControl(message)).toString("hex")).toBe(
      (golden as Record<string, string>)[name],
    );
  });

  it.each(samples)("comes back as it was: %s", (_, message) => {
    expect(parseControl(encodeControl(message))).toEqual(message);
  });

  it("is the sender's own bytes, so that a later message changes nothing", () => {
    const bytes = encodeControl({ type: "close", stage: 1 });
    const before = bytes.slice();
    encodeControl({ type: "close", stage: 2 });
    expect(bytes).toEqual(before);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });

  it("is not made when it is larger than a peer takes", () => {
    const statement = "x".repeat(protocolBounds.controlBytes);
    expect(() => encodeControl({ type: "statement", statement })).toThrow(
      expect.objectContaining({ code: "internal" }),
    );
  });
});

describe("A control message is refused", () => {
  const ping = { type: "ping", count: 1 };

  it.each([
    ["of an unknown type", { type: "pwn" }],
    ["of a type that every object has", { type: "constructor" }],
    ["without a type", { count: 1 }],
    ["with a field more", { ...ping, extra: 1 }],
    ["with a field less", { type: "ping" }],
    ["with a negative count", { ...ping, count: -1 }],
    ["with half a count", { ...ping, count: 1.5 }],
    ["with a count beyond what numbers hold", { ...ping, count: 2n ** 60n }],
    ["that is a list", [ping]],
    ["that is nothing", null],
    ["with a date", { ...ping, count: new Date() }],
    ["of stage 0", { type: "close", stage: 0 }],
    ["of a stage beyond 32 bits", { type: "close", stage: 2 ** 32 }],
    ["with a code that we don't have", { type: "bye", error: { code: "own-code", message: "" } }],
    ["with a code that every object has", { type: "bye", error: { code: "toString", message: "" } }],
    ["with endless text", { type: "bye", error: { code: "peer-lost", message: "x".repeat(2000) } }],
    ["with a window of 0", { type: "ready", stage: 1, window: 0, credit: { frames: 1, bytes: 1 } }],
    ["with a load beyond all", { type: "load", cpu: 1.1, memory: 0, sessions: 0, queueMs: 0 }],
    ["with a load that is no number", { type: "load", cpu: Number.NaN, memory: 0, sessions: 0, queueMs: 0 }],
    [
      "with a blob part that is too large",
      {
        type: "blob",
        request: 1,
        offset: 0,
        size: 1,
        bytes: new Uint8Array(protocolBounds.blobPartBytes + 1),
      },
    ],
  ])("%s", (_, value) => {
    expect(refusal(encode(value))).toBe("peer-invalid");
  });

  it.each([
    ["nothing", ""],
    ["a tag, whatever it stands for", "a26474797065c06470696e6765636f756e7401"],
    ["a structure definition of cbor-x", "d9dfff8319e000816474797065816470696e67"],
    ["a list of no said length", "9f01ff"],
    ["a text of no said length", "7f6161ff"],
    ["a list of 2^32 items", "9affffffff"],
    ["a list of 2^64 items", "9bffffffffffffffff"],
    ["a map of 2^32 keys", "baffffffff"],
    ["a text that isn't there", "7affffffff"],
    ["a key that is a number", "a10102"],
    ["the key __proto__", "a1695f5f70726f746f5f5fa0"],
    ["bytes after the message", `${golden.ping}00`],
    ["half a message", golden.ping.slice(0, -6)],
    ["an unknown simple value", "f820"],
    ["nesting deeper than data is", `${"81".repeat(100_000)}00`],
    ["more values than data has", `99ffff${"00".repeat(65_535)}`],
  ])("that is %s", (_, hex) => {
    expect(refusal(new Uint8Array(Buffer.from(hex, "hex")))).toBe("peer-invalid");
  });

  it("that is too large, before anything of it is read", () => {
    expect(refusal(new Uint8Array(protocolBounds.controlBytes + 1))).toBe("peer-invalid");
  });

  it("or read, whatever bytes come: nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([undefined, "peer-invalid"]).toContain(refusal(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it("or read, whatever plain data comes", () => {
    fc.assert(
      fc.property(fc.object({ withBigInt: true, withTypedArray: true, withDate: true }), (value) => {
        expect([undefined, "peer-invalid"]).toContain(refusal(encode(value)));
      }),
      { numRuns: 1000 },
    );
  });

  it("or read, wherever a true one is changed", () => {
    const index = fc.nat(samples.length - 1);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(index, changes, fc.nat(400), (which, changed, cut) => {
        const bytes = encodeControl(samples[which]![1]);
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        expect([undefined, "peer-invalid"]).toContain(refusal(bytes.slice(0, cut)));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("What a peer says", () => {
  it("is made printable where people read it", () => {
    const bye = encode({ type: "bye", error: { code: "peer-lost", message: "a\u001b[31mb\u202e\nc" } });
    expect(parseControl(bye)).toMatchObject({ error: { message: "a [31mb c" } });
  });

  it("changes no object but its own", () => {
    const statement = { constructor: { prototype: { polluted: true } } };
    parseControl(encode({ type: "statement", statement }));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
