// Signals of the other end: what is real passes, and anything else is refused by one code.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LinkSignal } from "../../../platform/contract/link.ts";
import { parseSignal } from "../../../platform/webrtc/parse-signal.ts";
import { refusal } from "../../conformance/link-stand.ts";

const description = [
  "v=0",
  "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
  "a=setup:actpass",
  "a=max-message-size:262144",
  "",
].join("\r\n");
const signals = [
  { kind: "offer", sdp: description },
  {
    kind: "candidate",
    candidate: "candidate:1 1 udp 2113937151 0e5f.local 9 typ host generation 0",
    mid: "0",
  },
  { kind: "candidate", candidate: "a=candidate:1 1 UDP 2122317823 10.0.0.1 9 typ host", mid: "0" },
] as const;

test.each(signals)("takes a real $kind as it is", (signal) => {
  expect(parseSignal(signal, "answerer")).toEqual(signal);
});

test("refuses an offer to the offerer, and an answer to the answerer", () => {
  expect(refusal(() => parseSignal({ kind: "offer", sdp: description }, "offerer"))).toBe("peer-invalid");
  expect(refusal(() => parseSignal({ kind: "answer", sdp: description }, "answerer"))).toBe("peer-invalid");
});

test.each(["a=fingerprint", "m=application", "v=0"])("refuses a description without %s", (part) => {
  const sdp = description.replace(part, "x=");
  expect(refusal(() => parseSignal({ kind: "offer", sdp }, "answerer"))).toBe("peer-invalid");
});

test("refuses whatever else by the same code", () => {
  const word = fc.oneof(fc.string({ unit: "binary" }), fc.anything());
  const kind = fc.oneof(fc.constantFrom("offer", "answer", "candidate"), word);
  const signal = fc.record({ kind, sdp: word, candidate: word, mid: word }, { requiredKeys: [] });
  fc.assert(
    fc.property(signal, fc.constantFrom("offerer", "answerer"), (any, role) => {
      expect(["peer-invalid", undefined]).toContain(refusal(() => parseSignal(any as LinkSignal, role)));
    }),
    { numRuns: 500 },
  );
});
