// A log that grows: only its new bytes are read, and whole lines of whole characters come out.
import { StringDecoder } from "node:string_decoder";

/** Takes bytes as they come and gives lines; keeps what is not a whole line or a whole character yet. */
export class LineReader {
  #decoder = new StringDecoder("utf8");
  #rest = "";

  /** The lines that these bytes complete. A line that was drawn over with CR, as progress bars do, is its last state. */
  push(bytes: Uint8Array): string[] {
    return this.#take(this.#decoder.write(Buffer.from(bytes)));
  }

  /** What is left when nothing more comes. */
  end(): string[] {
    const lines = this.#take(this.#decoder.end());
    const last = overdrawn(this.#rest.replace(/\r$/, ""));
    this.#rest = "";
    return last === "" ? lines : [...lines, last];
  }

  #take(text: string): string[] {
    const parts = (this.#rest + text).split("\n");
    const rest = parts.pop() ?? "";
    // A progress bar that never ends its line would grow for hours: only its last state is kept.
    const drawn = rest.lastIndexOf("\r", rest.length - 2);
    this.#rest = drawn < 0 ? rest : rest.slice(drawn + 1);
    return parts.map((line) => overdrawn(line.replace(/\r$/, "")));
  }
}

const overdrawn = (line: string) => line.slice(line.lastIndexOf("\r") + 1);

/** A place in a growing file: where to read on, and its last lines for the error that may come. */
export class LogCursor {
  offset = 0;
  readonly #reader = new LineReader();
  readonly #tail: string[] = [];
  readonly #keep: number;

  constructor(keep = 20) {
    this.#keep = keep;
  }

  /** Takes the bytes read from `offset` on and returns the lines they complete. */
  take(bytes: Uint8Array): string[] {
    this.offset += bytes.length;
    return this.#kept(this.#reader.push(bytes));
  }

  end(): string[] {
    return this.#kept(this.#reader.end());
  }

  /** The last lines that hold anything. */
  tail(): readonly string[] {
    return this.#tail;
  }

  #kept(lines: string[]): string[] {
    for (const line of lines) if (line.trim() !== "") this.#tail.push(line);
    if (this.#tail.length > this.#keep) this.#tail.splice(0, this.#tail.length - this.#keep);
    return lines;
  }
}

/**
 * Which of a run's logs people want to see, in the official client's order of preference (facts/03 5.2): the user's own
 * output, or else what the kind of job writes itself.
 */
export function logsToShow(paths: readonly string[]): string[] {
  const patterns = [
    /^user_logs\/std_log\D*0*(?:_ps)?\.txt$/,
    /^azureml-logs\/\d\d.+\.txt$/,
    /^azureml-logs\/hyperdrive\.txt$/,
    /^logs\/azureml\/executionlogs\.txt$/,
  ];
  for (const pattern of patterns) {
    const found = paths.filter((path) => pattern.test(path));
    if (found.length > 0) return found.sort();
  }
  return [];
}
