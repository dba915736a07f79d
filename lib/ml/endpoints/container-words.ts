// The line of a container's or an image build's log that names the error: the Python exception, not merely the last line. Cut to a length,
// for an error message.
// Tests: test/lib/ml/endpoints/endpoint-lock.test.ts, test/lib/ml/endpoints/failure-digest.test.ts

/** Characters of a log that are looked through, from its end, and of the line that is quoted. */
const LOOKED = 64 * 1024;
const QUOTED = 300;

/** `KeyError: 'rowz'`, `pkg.errors.LoadError: …`: the last line of a Python traceback, which begins at the left. */
const EXCEPTION = /^[A-Za-z_][\w.]{0,200}(?:Error|Exception|Exit|Interrupt)\b/;
/** The first line of a traceback; a logger may have written its time before it. */
const TRACEBACK = /(?:^|\s)Traceback \(most recent call last\):$/;
/** Exceptions with which the server of the container and its parent say only that the user's script raised another one (docs/facts/operations.md#A.8). */
const WRAPPER = /^(?:azureml_inference_server_http\.|gunicorn\.errors\.|SystemExit\b)/;
/** Errors of pip, conda and docker in a build's log; the ones that say only that pip failed come after the reason. */
const BUILD_ERROR =
  /^(?:\[[^\]]{1,40}\] )?(?:ERROR|error|E): ?(?!failed to run step|.{0,40}subprocess)|^(?:ResolvePackageNotFound|PackagesNotFoundError|UnsatisfiableError|LibMambaUnsatisfiableError|SpecNotFound)\b/;

/** The last line that names an exception, else the last line with anything on it; undefined for an empty log. */
export function lastWords(log: string): string | undefined {
  const lines = linesOf(log);
  const named = lines.filter((line, index) => EXCEPTION.test(line.slice(0, QUOTED)) || endsTraceback(lines, index));
  return quoted(named.findLast((line) => !WRAPPER.test(line)) ?? named.at(-1) ?? lines.at(-1));
}

/** The same for the log of an image build: the last error of pip, conda or docker. */
export function lastBuildWords(log: string): string | undefined {
  const lines = linesOf(log);
  const line = lines.findLast((one) => BUILD_ERROR.test(one.slice(0, QUOTED)));
  return line === undefined ? lastWords(log) : quoted(line);
}

function linesOf(log: string): string[] {
  return log
    .slice(-LOOKED)
    .split(/\r\n|\r|\n/)
    .map(plain)
    .filter((line) => line.trim() !== "");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with one
const plain = (line: string) => line.slice(0, LOOKED).replaceAll(/\u001b\[[0-9;]{0,20}m/g, "");

/** Whether the line is the first one at the left behind the frames of a traceback: an exception of any name. */
function endsTraceback(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? "";
  if (/^\s/.test(line) || !/^[A-Za-z_][\w.]{0,200}(?::|$)/.test(line.slice(0, QUOTED))) return false;
  let above = index - 1;
  while (above >= 0 && /^\s/.test(lines[above] ?? "")) above--;
  return above < index - 1 && TRACEBACK.test((lines[above] ?? "").slice(-QUOTED));
}

function quoted(line: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a container's log may hold control characters
  const clean = line?.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ").trim();
  if (!clean) return undefined;
  return clean.length > QUOTED ? `${clean.slice(0, QUOTED)}…` : clean;
}
