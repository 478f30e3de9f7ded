// A growable buffer of 32-bit floats outside the collected heap, and views on others' memory.

/** Floats at `pointer`. An own buffer is grown by `resize` and keeps its content; a view never owns what it shows.
 * Indexing isn't checked. */
export class Floats {
  pointer: usize = 0;
  length: i32 = 0;
  private capacity: i32 = 0;

  constructor(length: i32 = 0) {
    if (length > 0) this.resize(length).fill(0);
  }

  /** Points this (buffer-less) object at memory that someone else owns. */
  view(pointer: usize, length: i32): this {
    this.pointer = pointer;
    this.length = length;
    return this;
  }

  /** Makes room for `length` floats; new ones are undefined. */
  resize(length: i32): this {
    if (length > this.capacity) {
      const capacity = max(length, this.capacity + (this.capacity >> 1));
      const size = <usize>capacity << 2;
      this.pointer = this.capacity == 0 ? heap.alloc(size) : heap.realloc(this.pointer, size);
      this.capacity = capacity;
    }
    this.length = length;
    return this;
  }

  fill(value: f32): this {
    for (let i = 0; i < this.length; i++) this[i] = value;
    return this;
  }

  /** Appends `count` floats found at `source`. */
  append(source: usize, count: i32): void {
    const end = this.length;
    this.resize(end + count);
    memory.copy(this.pointer + (<usize>end << 2), source, <usize>count << 2);
  }

  /** Removes the first `count` floats. */
  drop(count: i32): void {
    this.length -= count;
    memory.copy(this.pointer, this.pointer + (<usize>count << 2), <usize>this.length << 2);
  }

  @inline @operator("[]") at(index: i32): f32 {
    return load<f32>(this.pointer + (<usize>index << 2));
  }

  @inline @operator("[]=") set(index: i32, value: f32): void {
    store<f32>(this.pointer + (<usize>index << 2), value);
  }
}
