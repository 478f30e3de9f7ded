// Messages of a stage's channel: their pieces, the way there and back, and what is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeFailure } from "../../../agent/node/failure.ts";
import { protocolBounds } from "../../../agent/protocol/bounds.ts";
import { encodeCbor } from "../../../agent/protocol/cbor.ts";
import type { StageMessage } from "../../../agent/protocol/control-message.ts";
import { encodeStageMessage } from "../../../agent/protocol/stage-pieces.ts";
import { StageReader, type StageReaderOptions } from "../../../agent/protocol/stage-reader.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import golden from "./golden/stage.json" with { type: "json" };
import { sampleCaller, samplePeer } from "./sample-messages.ts";

type From = StageReaderOptions["from"];

function pass(reader: StageReader, message: StageMessage): StageMessage | undefined {
  let last: StageMessage | undefined;
  for (const piece of encodeStageMessage(message)) {
    expect(last).toBeUndefined();
    expect(piece.length).toBeLessThanOrEqual(protocolBounds.pieceBytes);
    last = reader.push(piece);
  }
  return last;
}

/** A piece as an attacker makes it. */
function piece(head: unknown, ...bytes: number[]): Uint8Array {
  const encoded = encodeCbor(head);
  return Uint8Array.of(encoded.length & 255, encoded.length >> 8, ...encoded, ...bytes);
}

function refusal(pieces: Iterable<Uint8Array>, reader: StageReader): string | undefined {
  try {
    for (const each of pieces) reader.push(each);
    return undefined;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    return (thrown as RemoteMediaError).code;
  }
}

function frame(bytes: number, call = 1, node = ""): Extract<StageMessage, { type: "frame" }> {
  const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 255);
  return { type: "frame", call, node, port: "in", pts: 5, payload: { kind: "bytes" }, data };
}

describe("A message of a stage's channel", () => {
  it.each([...Object.entries(sampleCaller), ...Object.entries(samplePeer)])(
    "has the bytes on file: %s",
    (name, message) => {
      const hex = Array.from(encodeStageMessage(message), (each) => Buffer.from(each).toString("hex"));
      expect(hex.join(" ")).toBe((golden as Record<string, string>)[name]);
    },
  );

  it.each([
    ["caller", sampleCaller],
    ["peer", samplePeer],
  ] as const)("comes back as it was from a %s", (from, samples) => {
    const reader = new StageReader({ from });
    for (const message of Object.values(samples)) expect(pass(reader, message)).toEqual(message);
  });

  it.each([0, 1, 65_000, 65_535, 65_536, 65_537, 200_000, 9_000_000])(
    "of %d bytes is cut and put together again",
    (bytes) => {
      const reader = new StageReader({ from: "caller" });
      const sent = frame(bytes);
      const got = pass(reader, sent) as typeof sent;
      expect(Buffer.compare(got.data, sent.data)).toBe(0);
      expect(reader.heldBytes).toBe(0);
      expect(pass(reader, frame(3, 2))).toEqual(frame(3, 2));
    },
  );

  it("lets credit by between a frame's pieces, and nothing else", () => {
    const reader = new StageReader({ from: "caller" });
    const pieces = [...encodeStageMessage(frame(100_000))];
    expect(reader.push(pieces[0]!)).toBeUndefined();
    const credit: StageMessage = { type: "credit", credit: { frames: 1, bytes: 2 } };
    expect(pass(reader, credit)).toEqual(credit);
    expect(reader.push(pieces[1]!)).toMatchObject({ type: "frame" });

    const other = new StageReader({ from: "caller" });
    other.push(pieces[0]!);
    expect(refusal(encodeStageMessage(frame(1, 2)), other)).toBe("peer-invalid");
  });

  it("tells of 1024 failures, with less text where it would be too much", () => {
    const failure: NodeFailure = {
      node: "n".repeat(300),
      nodeType: "T".repeat(300),
      code: "node-trap",
      message: "𝄞".repeat(400),
      framePts: 1,
      consecutive: 1,
    };
    const ack = { type: "ack", call: 1, serviceUs: 0, waitedUs: 0 } as const;
    const got = pass(new StageReader({ from: "peer" }), { ...ack, failures: Array(1500).fill(failure) });
    const { failures } = got as Extract<StageMessage, { type: "ack" }>;
    expect(failures).toHaveLength(1024);
    expect(failures[0]).toMatchObject({ node: failure.node, message: expect.stringMatching(/^𝄞+$/u) });
  });
});

describe("A piece is refused", () => {
  const head = { type: "frame", call: 1, node: "", port: "in", pts: 0, payload: { kind: "bytes" }, size: 2 };
  const ack = { type: "ack", call: 1, serviceUs: 0, waitedUs: 0, size: 0 };

  it.each<readonly [string, From, readonly Uint8Array[]]>([
    ["that is empty", "caller", [new Uint8Array(0)]],
    ["with a head beyond its end", "caller", [Uint8Array.of(9, 0, 1)]],
    ["with a head of 0 bytes", "caller", [Uint8Array.of(0, 0)]],
    ["that is too large", "caller", [new Uint8Array(protocolBounds.pieceBytes + 1)]],
    ["with a head that is too large", "caller", [piece({ ...head, port: "x".repeat(5000) }, 1, 2)]],
    ["with more bytes than it says", "caller", [piece(head, 1, 2, 3)]],
    ["with no bytes where it says some", "caller", [piece(head)]],
    ["that says more than a frame may have", "caller", [piece({ ...head, size: 2 ** 30 }, 1)]],
    ["that continues nothing", "caller", [piece(0, 1)]],
    ["that continues at another place", "caller", [piece(head, 1), piece(0, 2)]],
    ["that continues with nothing", "caller", [piece(head, 1), piece(1)]],
    ["that continues with too much", "caller", [piece(head, 1), piece(1, 2, 3)]],
    ["with a call out of order", "caller", [piece({ ...head, call: 2 }, 1, 2)]],
    ["with a call twice", "caller", [piece(head, 1, 2), piece(head, 1, 2)]],
    ["with a flush out of order", "caller", [piece({ type: "flush", call: 2 })]],
    ["with a flush that has bytes", "caller", [piece({ type: "flush", call: 1 }, 1)]],
    ["with a frame that says it left a node", "caller", [piece({ ...head, node: "a" }, 1, 2)]],
    ["with a frame that left no node", "peer", [piece(head, 1, 2)]],
    [
      "of a frame that ends its call, from a caller",
      "caller",
      [piece({ ...head, ended: { serviceUs: 1, waitedUs: 0 } }, 1, 2)],
    ],
    [
      "of a frame that ends its call at no time",
      "peer",
      [piece({ ...head, node: "a", ended: { serviceUs: 1 } }, 1, 2)],
    ],
    ["with an ack from a caller", "caller", [piece(ack)]],
    ["with a flush from a peer", "peer", [piece({ type: "flush", call: 1 })]],
    ["with a field more", "peer", [piece({ ...ack, more: 1 })]],
    ["with a time below 0", "peer", [piece({ ...ack, serviceUs: -1 })]],
    ["with a time without end", "peer", [piece({ ...ack, waitedUs: Number.POSITIVE_INFINITY })]],
    ["with failures that are none", "peer", [piece({ ...ack, size: 1 }, 0)]],
    ["with credit below 0", "peer", [piece({ type: "credit", credit: { frames: -1, bytes: 0 } })]],
    ["with endless credit", "peer", [piece({ type: "credit", credit: { frames: 1, bytes: 2 ** 50 } })]],
    ["with a pts of no microsecond", "caller", [piece({ ...head, pts: 0.5 }, 1, 2)]],
    ["of an unknown kind", "caller", [piece({ ...head, payload: { kind: "hologram" } }, 1, 2)]],
    ["of a kind that is a list", "caller", [piece({ ...head, payload: { kind: ["bytes"] } }, 1, 2)]],
    ["whose text is none", "caller", [piece({ ...head, payload: { kind: "text" } }, 255, 255)]],
    [
      "whose picture has other bytes",
      "caller",
      [piece({ ...head, payload: { kind: "video", width: 2, height: 2, format: "rgb24" } }, 1, 2)],
    ],
    [
      "with a failure of a code that nodes don't have",
      "peer",
      (() => {
        const body = encodeCbor([
          { node: "a", nodeType: "A", code: "signature-invalid", message: "", consecutive: 1 },
        ]);
        return [piece({ ...ack, size: body.length }, ...body)];
      })(),
    ],
  ])("%s", (_, from, pieces) => {
    expect(refusal(pieces, new StageReader({ from }))).toBe("peer-invalid");
  });

  it("with a frame larger than this side takes", () => {
    const reader = new StageReader({ from: "peer", maxFrameBytes: 10 });
    expect(refusal(encodeStageMessage(frame(11, 1, "a")), reader)).toBe("peer-invalid");
  });

  it("or read, whatever bytes come: nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isCaller) => {
        const reader = new StageReader({ from: isCaller ? "caller" : "peer" });
        const headed = Uint8Array.of(Math.min(bytes.length, 100), 0, ...bytes);
        expect([undefined, "peer-invalid"]).toContain(refusal([headed], reader));
        expect([undefined, "peer-invalid"]).toContain(refusal([bytes], reader));
      }),
      { numRuns: 3000 },
    );
  });

  it("or read, wherever true ones are changed, cut, doubled or swapped, and little is kept of them", () => {
    const change = fc.record({
      how: fc.constantFrom("byte", "cut", "double", "drop", "swap"),
      at: fc.nat(),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(change, { minLength: 1, maxLength: 5 }), (isCaller, changes) => {
        const large = frame(100_000, isCaller ? 4 : 5, isCaller ? "" : "a");
        const messages = [...Object.values(isCaller ? sampleCaller : samplePeer), large];
        const pieces = messages.flatMap((message) => [...encodeStageMessage(message)]);
        for (const { how, at, byte } of changes) alter(pieces, how, at, byte);
        const reader = new StageReader({ from: isCaller ? "caller" : "peer" });
        expect([undefined, "peer-invalid"]).toContain(refusal(pieces, reader));
        expect(reader.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps little of a large frame that only its head claims", () => {
    const reader = new StageReader({ from: "caller" });
    reader.push(piece({ ...head, size: protocolBounds.frameBytes }, 1));
    expect(reader.heldBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  });
});

function alter(pieces: Uint8Array[], how: string, at: number, byte: number): void {
  if (pieces.length === 0) return;
  const index = at % pieces.length;
  const chosen = pieces[index]!;
  if (how === "byte" && chosen.length > 0) chosen[byte % Math.min(chosen.length, 120)] = at & 255;
  else if (how === "cut") pieces[index] = chosen.slice(0, at % (chosen.length + 1));
  else if (how === "double") pieces.splice(index, 0, chosen);
  else if (how === "drop") pieces.splice(index, 1);
  else pieces.push(...pieces.splice(index, 1));
}
