// The last line of a container's log that names an exception, cut to a length, for an error message.
// Tests: test/lib/ml/endpoints/endpoint-lock.test.ts

/** Characters of a log that are looked through, from its end, and of the line that is quoted. */
const LOOKED = 64 * 1024;
const QUOTED = 300;

/** `KeyError: 'rowz'`, `pkg.errors.LoadError: …`: the last line of a Python traceback, which begins at the left. */
const EXCEPTION = /^[A-Za-z_][\w.]{0,200}(?:Error|Exception|Exit|Interrupt)\b/;

/** The last line that names an exception, else the last line with anything on it; undefined for an empty log. */
export function lastWords(log: string): string | undefined {
  const lines = log
    .slice(-LOOKED)
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => EXCEPTION.test(one.slice(0, QUOTED))) ?? lines.at(-1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a container's log may hold control characters
  const clean = line?.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ").trim();
  if (!clean) return undefined;
  return clean.length > QUOTED ? `${clean.slice(0, QUOTED)}…` : clean;
}
