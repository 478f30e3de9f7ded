// The manifest's params of this node: a JSON object, read by key, with defaults and ranges.
import { JsonReader } from "./json-reader";

/** What `open` is given. The agent has checked it against node.json already; reading checks again, because a node may
 * be run by something else. The first problem refuses the params when `open` returns. */
export class Params {
  /** Why the params are refused; null while they are fine. */
  problem: string | null = null;
  private reader: JsonReader;

  constructor(private pointer: usize, private length: i32) {
    this.reader = new JsonReader(pointer, length);
    if (this.length > 0 && this.reader.peek() != 0x7b) this.refuse("params: not a JSON object");
  }

  /** Refuses the params. The first reason counts. */
  refuse(reason: string): void {
    if (this.problem === null) this.problem = reason;
  }

  has(key: string): bool {
    return this.find(key);
  }

  /** A number between `least` and `most`, both included. */
  number(key: string, otherwise: f64, least: f64 = -Infinity, most: f64 = Infinity): f64 {
    if (!this.find(key)) return otherwise;
    const value = this.reader.number();
    if (this.reader.broken) {
      this.refuse(key + ": not a number");
      return otherwise;
    }
    if (!(value >= least && value <= most)) {
      this.refuse(key + ": out of range");
      return otherwise;
    }
    return value;
  }

  /** A whole number between `least` and `most`, both included. */
  integer(key: string, otherwise: i32, least: i32 = i32.MIN_VALUE, most: i32 = i32.MAX_VALUE): i32 {
    const value = this.number(key, otherwise, least, most);
    if (value != Math.floor(value)) this.refuse(key + ": not a whole number");
    return <i32>value;
  }

  flag(key: string, otherwise: bool): bool {
    if (!this.find(key)) return otherwise;
    const first = this.reader.peek();
    if (first == 0x74 || first == 0x66) return first == 0x74;
    this.refuse(key + ": not true or false");
    return otherwise;
  }

  string(key: string, otherwise: string): string {
    if (!this.find(key)) return otherwise;
    const value = this.reader.string();
    if (!this.reader.broken) return value;
    this.refuse(key + ": not a string");
    return otherwise;
  }

  /** The index of a string param in `choices`. */
  choice(key: string, otherwise: i32, choices: string[]): i32 {
    if (!this.find(key)) return otherwise;
    const value = this.reader.string();
    for (let i = 0; i < choices.length; i++) {
      if (choices[i] == value) return i;
    }
    this.refuse(key + ": unknown value");
    return otherwise;
  }

  /** Puts the reader on the value of a top-level key; null counts as absent. */
  private find(key: string): bool {
    return this.reader.restart(this.pointer, this.length).find(key) && this.reader.peek() != 0x6e;
  }
}
