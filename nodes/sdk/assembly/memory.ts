// Raw memory of one call: what the host lowered into the guest and what the guest hands back, freed in post-return.

// A growable list of heap blocks to free when the host has read the results.
let blocks: usize = 0;
let blockCount: i32 = 0;
let blockCapacity: i32 = 0;

// A bump area for small things (port names, JSON texts, records): one block for the whole life of the instance.
const areaSize: usize = 4096;
let area: usize = 0;
let areaUsed: usize = 0;

/** The canonical ABI's allocator. Size 0 allocates nothing, so nothing of size 0 is ever freed. */
export function reallocate(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) {
    if (oldSize != 0) heap.free(old);
    return align;
  }
  // heap.realloc traps on a null or dangling pointer; blocks of heap.alloc are 16-byte aligned, more than any WIT type needs.
  return oldSize == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

/** Frees `block` when this call's results have been read. */
export function freeAfterCall(block: usize): void {
  if (blockCount == blockCapacity) {
    blockCapacity = blockCapacity == 0 ? 16 : blockCapacity * 2;
    const size = <usize>blockCapacity * sizeof<usize>();
    blocks = blocks == 0 ? heap.alloc(size) : heap.realloc(blocks, size);
  }
  store<usize>(blocks + (<usize>blockCount << alignof<usize>()), block);
  blockCount++;
}

/** Memory that lives until this call's results have been read; 8-byte aligned, 16 when it is large. */
export function allocateForCall(size: usize): usize {
  if (size == 0) return 8;
  if (area == 0) area = heap.alloc(areaSize);
  const start = (areaUsed + 7) & ~7;
  if (start + size <= areaSize) {
    areaUsed = start + size;
    return area + start;
  }
  const block = heap.alloc(size);
  freeAfterCall(block);
  return block;
}

/** Memory for a frame's data: as `allocateForCall`, but always 16-byte aligned. */
export function allocateData(size: usize): usize {
  if (size == 0) return 16;
  const block = heap.alloc(size);
  freeAfterCall(block);
  return block;
}

/** Ends a call: everything handed to `freeAfterCall` and `allocateForCall` is gone, and the garbage is collected.
 * Only called where no managed reference is on the WASM stack. */
export function endCall(): void {
  for (let i = 0; i < blockCount; i++) heap.free(load<usize>(blocks + (<usize>i << alignof<usize>())));
  blockCount = 0;
  areaUsed = 0;
  __collect();
}
