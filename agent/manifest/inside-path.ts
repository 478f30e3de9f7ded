// A path that a manifest may name: inside the manifest's own folder, or nowhere.
import { z } from "zod";

/** A manifest may arrive from elsewhere: absolute paths, drive letters, URLs, `..`, backslashes and control characters are
 * refused. Symbolic links are for whoever opens the path to refuse. */
export const insidePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(
    /^(?!\/)(?![A-Za-z][A-Za-z0-9+.-]*:)(?!(?:.*\/)?\.\.(?:\/|$))[^\\\p{Cc}\u2028\u2029]+$/u,
    "a relative path inside the manifest's folder, with forward slashes",
  );
