// The component's exports: node.wit's functions in the canonical ABI, around one Node.
import { Frame } from "./frame";
import { Kind } from "./kinds";
import { endCall, freeAfterCall, reallocate } from "./memory";
import { Node } from "./node";
import { Output } from "./output";
import { Params } from "./params";
import { encode, encodedLength } from "./text";

let node: Node | null = null;
const frame = new Frame();
const output = new Output();

/** `result<…, failure>` as the host reads it: 16 bytes, the payload at 4. */
const result = memory.data(16, 8);

/** Makes `instance` the component's node; called once by the generated entry. */
export function mount(instance: Node): void {
  node = instance;
}

export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return reallocate(old, oldSize, align, size);
}

/** `open: func(params: string) -> result<_, failure>` */
export function open(pointer: usize, length: i32): usize {
  begin();
  freeLowered(pointer, length);
  const params = new Params(pointer, length);
  node!.open(params);
  const problem = params.problem;
  if (problem !== null) output.refuse(0, problem);
  return complete(false);
}

/** `process: func(input: frame) -> result<list<frame>, failure>` */
export function process(
  port: usize, portLength: i32, pts: i64, kind: i32, a: i32, b: i32, c: i32, data: usize, length: i32,
): usize {
  begin();
  freeLowered(port, portLength);
  freeLowered(data, length);
  if (kind == Kind.Tensor) freeLowered(b, c);
  else if (kind == Kind.Encoded) freeLowered(a, b);
  frame.portPointer = port;
  frame.portLength = portLength;
  frame.pts = pts;
  frame.kind = <Kind>kind;
  frame.a = a;
  frame.b = b;
  frame.c = c;
  frame.data = data;
  frame.length = length;
  const problem = frame.problem();
  if (problem !== null) output.reject(problem);
  else node!.process(frame, output);
  return complete(true);
}

/** `flush: func() -> result<list<frame>, failure>` */
export function flush(): usize {
  begin();
  node!.flush(output);
  return complete(true);
}

export function cabi_post_open(_result: usize): void {
  endCall();
}

export function cabi_post_process(_result: usize): void {
  endCall();
}

export function cabi_post_flush(_result: usize): void {
  endCall();
}

function begin(): void {
  output.clear();
}

/** The host allocated it for this call; a list of length 0 was never allocated. */
function freeLowered(pointer: usize, length: i32): void {
  if (length != 0) freeAfterCall(pointer);
}

function complete(withFrames: bool): usize {
  if (output.failureKind >= 0) {
    const text = encode(output.failureText);
    store<u8>(result, 1);
    store<u8>(result, <u8>output.failureKind, 4);
    store<usize>(result, text, 8);
    store<i32>(result, encodedLength, 12);
    return result;
  }
  store<u8>(result, 0);
  if (withFrames) {
    output.finish();
    store<usize>(result, output.count == 0 ? 8 : output.records, 4);
    store<i32>(result, output.count, 8);
  }
  return result;
}
