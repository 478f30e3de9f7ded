// What the test's own registry says: errors by their code, and the headers that the distribution spec asks for.
/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
} as const;

export type RegistryErrorCode = keyof typeof statuses;

export function refuse(
  code: RegistryErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ errors: [{ code, message }] }, { status: statuses[code], headers });
}

/** An answer without a body. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers });
}

/** A stored file, whole or the range that was asked for; HEAD is the server's business. */
export function answerFile(
  request: Request,
  file: string,
  headers: Readonly<Record<string, string>>,
): Response {
  const whole = Bun.file(file);
  const size = whole.size;
  const common = { ...headers, "Accept-Ranges": "bytes" };
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...common, "Content-Length": `${size}` } });
  }
  const asked = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("Range") ?? "");
  if (asked === null || (asked[1] === "" && asked[2] === "")) return new Response(whole, { headers: common });
  const isSuffix = asked[1] === "";
  const start = isSuffix ? Math.max(0, size - Number(asked[2])) : Number(asked[1]);
  const end = isSuffix || asked[2] === "" ? size : Math.min(size, Number(asked[2]) + 1);
  if (start >= end) return answer(416, { ...headers, "Content-Range": `bytes */${size}` });
  return new Response(whole.slice(start, end), {
    status: 206,
    headers: { ...common, "Content-Range": `bytes ${start}-${end - 1}/${size}` },
  });
}

/** Page by page, in order: the entries after `last`, at most `count`; and the address of the next page, if there is one. */
export function pageOf<Entry>(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
  url: URL,
  maxCount = Number.POSITIVE_INFINITY,
): { readonly entries: readonly Entry[]; readonly link: Record<string, string> } {
  const last = url.searchParams.get("last");
  const wanted = Number(url.searchParams.get("n") ?? Number.POSITIVE_INFINITY);
  const count = Math.min(Number.isNaN(wanted) ? maxCount : wanted, maxCount);
  const after = entries.filter((entry) => last === null || nameOf(entry) > last);
  const page = after.slice(0, count);
  const end = page.at(-1);
  if (page.length === after.length || end === undefined) return { entries: page, link: {} };
  const next = new URL(url);
  next.searchParams.set("last", nameOf(end));
  next.searchParams.set("n", `${count}`);
  return { entries: page, link: { Link: `<${next.pathname}${next.search}>; rel="next"` } };
}
