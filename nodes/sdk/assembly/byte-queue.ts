// Bytes that wait: appended at the end, dropped at the front.

/** A growable buffer outside the collected heap; it keeps its room when it shrinks. */
export class ByteQueue {
  pointer: usize = 0;
  length: i32 = 0;
  private capacity: i32 = 0;

  append(source: usize, size: i32): void {
    const end = this.length;
    if (end + size > this.capacity) {
      this.capacity = max(end + size, this.capacity * 2);
      this.pointer = this.pointer == 0 ? heap.alloc(this.capacity) : heap.realloc(this.pointer, this.capacity);
    }
    memory.copy(this.pointer + end, source, size);
    this.length = end + size;
  }

  /** Removes the first `size` bytes. */
  drop(size: i32): void {
    this.length -= size;
    memory.copy(this.pointer, this.pointer + size, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
