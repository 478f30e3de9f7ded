// JsonPick: keeps the wanted fields of JSON objects, nested ones by a dotted path.

let fields = [];

/** @param {string} params the manifest's params, a JSON object */
export function open(params) {
  ({ fields = [] } = JSON.parse(params || "{}"));
  if (!Array.isArray(fields) || fields.some((field) => typeof field !== "string")) {
    throw { tag: "invalid-params", val: "fields: not a list of strings" };
  }
}

/** A failure is thrown as the WIT's variant: `{ tag, val }`. */
export function process(frame) {
  if (frame.payload.tag !== "json") throw { tag: "bad-input", val: "takes JSON" };
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(frame.data));
  } catch (error) {
    throw { tag: "bad-input", val: error.message };
  }
  const picked = Object.fromEntries(
    fields.map((field) => [field, at(value, field.split("."))]).filter(([, found]) => found !== undefined),
  );
  return [{ ...frame, port: "out", data: new TextEncoder().encode(JSON.stringify(picked)) }];
}

export function flush() {
  return [];
}

function at(value, path) {
  return path.reduce((inner, key) => (Object.hasOwn(Object(inner), key) ? inner[key] : undefined), value);
}
