// interpretFilter: a classic BPF machine, as far as seccomp filters go, to see what a filter decides.

/** What `struct seccomp_data` holds of a system call. */
export interface SystemCall {
  readonly number: number;
  /** AUDIT_ARCH_* */
  readonly architecture: number;
  /** 64 bits each. */
  readonly parameters?: readonly bigint[];
}

/** The filter's return value. Throws RangeError on anything that the kernel would refuse.
 * @see https://www.kernel.org/doc/html/latest/networking/filter.html */
export function interpretFilter(program: Uint8Array, call: SystemCall): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.architecture, true);
  (call.parameters ?? []).forEach((value, index) => {
    data.setBigUint64(16 + index * 8, BigInt.asUintN(64, value), true);
  });
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.length; at++) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    const jump = (isTaken: boolean) => {
      at += view.getUint8(at * 8 + (isTaken ? 2 : 3));
    };
    if (code === 0x20) {
      if (k % 4 !== 0) throw new RangeError("an unaligned load");
      accumulator = data.getUint32(k, true);
    } else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x06) return k;
    else throw new RangeError(`instruction ${code.toString(16)} is not expected`);
  }
  throw new RangeError("the filter ran off its end");
}
