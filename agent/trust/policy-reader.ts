// Reads the values of a policy file: each refusal says what is wrong and where in the file.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { printable } from "../../platform/base/printable.ts";
import { isObject, type JsonObject } from "./strict-json.ts";

/** No list of texts is longer. */
const maxTexts = 64;

/** Reads values of the policy; each refusal says where in the file. */
export class PolicyReader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  refuse(path: string, why: string, hint?: string): RemoteMediaError {
    return new RemoteMediaError(
      "policy-invalid",
      `the trust policy ${path === "" ? "" : `at ${path} `}${why}`,
      {
        where: path === "" ? { file: this.#file } : { file: this.#file, path },
        ...(hint === undefined ? {} : { hint }),
      },
    );
  }

  object(value: unknown, path: string, fields: readonly string[]): JsonObject {
    if (!isObject(value)) throw this.refuse(path, "must be an object");
    const unknown = Object.keys(value).find((key) => !fields.includes(key));
    if (unknown === undefined) return value;
    const near = nearestName(unknown.slice(0, 64), fields);
    throw this.refuse(
      path,
      `has an unknown field ${JSON.stringify(printable(unknown))}`,
      near === undefined ? `known are ${fields.join(", ")}` : `did you mean ${JSON.stringify(near)}?`,
    );
  }

  list(value: unknown, path: string, maxLength: number): readonly unknown[] {
    if (!Array.isArray(value)) throw this.refuse(path, "must be a list");
    if (value.length > maxLength) throw this.refuse(path, `has more than ${maxLength} entries`);
    return value;
  }

  /** Texts that are shown as they are: one line, nothing invisible. */
  texts(value: unknown, path: string, maxLength: number): readonly string[] {
    return this.list(value, path, maxTexts).map((entry, index) => {
      const at = `${path}[${index}]`;
      return this.line(this.text(entry, at, maxLength), at);
    });
  }

  text(value: unknown, path: string, maxLength: number): string {
    if (typeof value !== "string" || value === "" || value.length > maxLength)
      throw this.refuse(path, `must be a text of 1 to ${maxLength} characters`);
    return value;
  }

  line(text: string, path: string): string {
    if (printable(text, text.length) !== text) throw this.refuse(path, "must be one line of printable text");
    return text;
  }

  flag(value: unknown, path: string): boolean {
    if (value === undefined) return false;
    if (typeof value !== "boolean") throw this.refuse(path, "must be true or false");
    return value;
  }
}
