// Parts of addresses: a name or version of Azure's becomes one segment of a path, or is refused. Nothing that a file, an
// input or an answer holds may choose another resource than the one of that name.
import { TaskError } from "./errors.ts";
import { bounded } from "./remote-text.ts";
import { capital } from "./sentence.ts";

/** Characters that no segment may hold: separators of paths and of addresses, escapes, and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const FORBIDDEN = /[/\\%?#\u0000-\u001f\u007f-\u009f]/;
/** Halves of pairs of surrogates. */
const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The rule, as a text for the author of a name. */
export const SEGMENT_RULE = "A name or version holds no / \\ % ? # and no control characters, and is not . or ..";

/** The reason why this text cannot be a segment of an address; undefined where it can. */
export function segmentFault(value: string): string | undefined {
  if (value === "") return "is empty";
  // A server may cut blanks off before it looks at the dots.
  const bare = value.trim();
  if (bare === "") return "is blank";
  if (bare === "." || bare === "..") return "names another folder and is no name";
  const found = FORBIDDEN.exec(value)?.[0];
  if (found !== undefined) return `holds ${JSON.stringify(found)}`;
  // Half of a pair of surrogates is no character, and has no form in an address.
  return HALVES.test(value) ? "holds half a character" : undefined;
}

/**
 * One segment of an address, encoded.
 * @param what names it in the error: "the name of the data asset"
 * @throws TaskError kind `input` where the text is none: `/ \ % ? #`, control characters, nothing, `.` and `..`
 */
export function segment(value: string, what: string): string {
  const fault = segmentFault(value);
  if (fault === undefined) return encodeURIComponent(value);
  throw new TaskError("input", `${capital(what)} is ${JSON.stringify(bounded(value, 100))}, which ${fault}.`, {
    errorCode: "AML1207",
    hint: `${SEGMENT_RULE} Correct it where it is written.`,
  });
}
