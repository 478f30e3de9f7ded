// A payload out of a piece's head; whether bytes can be it, `agent/node/payload-check` says.

import {
  elementTypes,
  type Payload,
  type PayloadKind,
  payloadKinds,
  pixelFormats,
  sampleFormats,
} from "../node/frame.ts";
import { maxTensorRank } from "../node/frame-codec.ts";
import { FieldReader, peerInvalid } from "./field-reader.ts";

const uint32 = 0xffff_ffff;

/** @throws RemoteMediaError `peer-invalid` */
export function readPayload(value: unknown): Payload {
  const fields = new FieldReader(value, "a payload");
  const payload = readKind(known(payloadKinds, fields.any("kind")), fields);
  fields.end();
  return payload;
}

function readKind(kind: PayloadKind, fields: FieldReader): Payload {
  switch (kind) {
    case "audio": {
      const format = known(sampleFormats, fields.any("format"));
      return { kind, rate: fields.whole("rate", uint32), channels: fields.whole("channels", uint32), format };
    }
    case "video": {
      const format = known(pixelFormats, fields.any("format"));
      return { kind, width: fields.whole("width", uint32), height: fields.whole("height", uint32), format };
    }
    case "tensor": {
      const element = known(elementTypes, fields.any("element"));
      return { kind, element, shape: fields.wholes("shape", maxTensorRank, uint32) };
    }
    case "encoded":
      return { kind, codec: fields.text("codec") };
    default:
      return { kind };
  }
}

function known<T>(names: readonly T[], name: unknown): T {
  if (!names.includes(name as T)) throw peerInvalid("a payload of no known kind or format");
  return name as T;
}
