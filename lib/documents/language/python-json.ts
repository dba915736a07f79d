// JSON as Python's json.dumps(sort_keys=True) writes it, and the guid that Azure's client makes of it (docs/facts/azureml-documents.md#2.7): the same component gets the same id from both.
// Tests: test/lib/documents/language/upload-folders.test.ts
import { sha256 } from "../../sha256.ts";

/** As json.dumps without options writes it: keys in the order in which they stand. */
export function pythonJsonUnsorted(value: unknown): string {
  if (typeof value !== "object" || value === null) return pythonJson(value);
  if (Array.isArray(value)) return `[${value.map(pythonJsonUnsorted).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([name, item]) => `${pythonString(name)}: ${pythonJsonUnsorted(item)}`)
    .join(", ")}}`;
}

/** Sorted keys, a space after each comma and colon, everything but ASCII escaped. Whole numbers are integers. */
function pythonJson(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return pythonString(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const entries = Object.entries(value as Record<string, unknown>).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, item]) => `${pythonString(name)}: ${pythonJson(item)}`).join(", ")}}`;
}

function pythonString(value: string): string {
  const escaped = JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  // Python leaves DEL as it is.
  return escaped.replaceAll("\\u007f", "\u007f");
}

/** The first 32 hexadecimal digits of the sha-256 of a body's JSON, in the form of a guid. */
export function bodyGuid(body: Readonly<Record<string, unknown>>, omitted: readonly string[]): string {
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !omitted.includes(name)));
  return guid(sha256(pythonJson(kept)));
}

/** The first 32 digits of a hash in the form of a guid. */
export function guid(hash: string): string {
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join("-");
}
