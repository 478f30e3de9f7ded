// How a parser of this room refuses: it says what is wrong, its caller knows the code, the file and the mend.
import type { RemoteMediaError } from "../../platform/base/error.ts";

/** Makes the error to throw out of what is wrong, one clause such as `has two keys "digest"`. */
export type Refuse = (why: string) => RemoteMediaError;
