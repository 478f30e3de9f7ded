// The transpiler child's life: confined first, then one component, then it ends.
import { toRemoteMediaError } from "../../../platform/base/error.ts";
import type { ChildHost } from "../../../platform/contract/process.ts";
import { encodeBlobJson, writeBlobJson } from "../blob-json.ts";
import { RecordReader, RecordWriter } from "../record-ring.ts";
import { prepareFor, toChild, toParent } from "../records.ts";
import { control, layoutOf } from "../shared-layout.ts";
import { prepareModule, type Transpile } from "./prepare-module.ts";

/** `transpile` is loaded by the caller before: afterwards no file can be opened. */
export async function serveTranspiler(host: ChildHost, transpile: Transpile): Promise<void> {
  const layout = layoutOf(host.shared);
  const inbox = new RecordReader(layout.toChild);
  const outbox = new RecordWriter(layout.toParent);
  const reply = (type: number, value: unknown) => {
    const encoded = encodeBlobJson(value);
    const room = outbox.reserve(encoded.bytes);
    if (room === undefined) return false;
    writeBlobJson(encoded, outbox.arena, room.offset);
    outbox.commit(type, 0, room);
    if (Atomics.exchange(layout.control, control.parentWakePending, 1) === 0) host.wakeParent();
    return true;
  };
  const confinement = host.confine();
  const text = new TextEncoder().encode(JSON.stringify(confinement));
  const room = outbox.reserve(text.length)!;
  outbox.arena.set(text, room.offset);
  outbox.commit(toParent.ready, 0, room);
  host.wakeParent();
  for (let record = inbox.peek(); record?.type !== toChild.load; record = inbox.peek()) {
    if (!host.wait()) return;
    Atomics.store(layout.control, control.childWakePending, 0);
  }
  const record = inbox.peek()!;
  const component = inbox.arena.slice(record.offset, record.offset + record.bytes);
  const filesystem = record.sequence === prepareFor.nodeWithFilesystem;
  inbox.release();
  let answer: unknown;
  try {
    answer = { preparation: await prepareModule(component, transpile, { filesystem }) };
  } catch (thrown) {
    const { code, message, hint } = toRemoteMediaError(thrown);
    answer = { problem: { code, message, hint } };
  }
  if (!reply(toParent.loaded, answer)) {
    reply(toParent.loaded, {
      problem: { code: "module-too-complex", message: "the module is too large once prepared" },
    });
  }
  while (host.wait());
}
