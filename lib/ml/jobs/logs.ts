// A log that grows: only its new bytes are read, and whole lines of whole characters come out, none longer than people read.
import { StringDecoder } from "node:string_decoder";

/** Most bytes of one line that are shown, and most of the last lines that an error holds. */
const LONGEST_LINE = 16 * 1024;
export const LONGEST_TAIL = 8 * 1024;
/** Bytes before the place to read on that are read again, to see whether it is the same log still. */
export const OVERLAP = 1024;

/**
 * Takes bytes as they come and gives lines; keeps what is not a whole line or a whole character yet, and of that no
 * more than a line may be long.
 */
export class LineReader {
  #decoder = new StringDecoder("utf8");
  /** The beginning of the line that is under way, and the bytes of all of it. */
  #kept = "";
  #bytes = 0;
  /** It ends with CR: what comes next draws over it, or ends it. */
  #returned = false;

  /**
   * The lines that these bytes complete. A line that was drawn over with CR, as progress bars do, is its last state; one
   * that is longer than LONGEST_LINE is cut, and says so.
   */
  push(bytes: Uint8Array): string[] {
    return this.pushWhole(bytes).flatMap((text) => text.split("\n"));
  }

  /** The same, with lines that need no work left together as they came: a log may have a billion of them. */
  pushWhole(bytes: Uint8Array): string[] {
    const lines = this.#take(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
    // A substring would keep the whole text in memory.
    this.#kept = copyOf(this.#kept);
    return lines;
  }

  /** The rest, at the end of the log. */
  end(): string[] {
    const lines = this.#take(this.#decoder.end());
    const last = this.#line();
    this.#decoder = new StringDecoder("utf8");
    return last === "" ? lines : [...lines, last];
  }

  #take(text: string): string[] {
    const lines: string[] = [];
    for (let from = 0, checked = false; ; ) {
      const end = text.indexOf("\n", from);
      const last = text.lastIndexOf("\n");
      if (!checked && this.#bytes === 0 && !this.#returned && end >= 0) {
        checked = true;
        const whole = text.slice(from, last);
        if (needNoWork(whole)) {
          lines.push(whole);
          from = last + 1;
          continue;
        }
      }
      this.#add(end < 0 ? text.slice(from) : text.slice(from, end));
      if (end < 0) return lines;
      lines.push(this.#line());
      from = end + 1;
    }
  }

  #add(part: string): void {
    let end = part.length;
    while (end > 0 && part[end - 1] === "\r") end--;
    if (end > 0) {
      const drawn = part.lastIndexOf("\r", end - 1);
      if (drawn >= 0 || this.#returned) this.#clear();
      const text = part.slice(drawn + 1, end);
      this.#bytes += Buffer.byteLength(text);
      const room = LONGEST_LINE - this.#kept.length;
      if (room > 0) this.#kept += text.slice(0, room);
    }
    if (end < part.length) this.#returned = true;
  }

  #line(): string {
    const whole = this.#bytes <= LONGEST_LINE;
    const line = whole ? this.#kept : `${cut(this.#kept, LONGEST_LINE)} … (cut: the line has ${this.#bytes} bytes)`;
    this.#clear();
    return line;
  }

  #clear(): void {
    this.#kept = "";
    this.#bytes = 0;
    this.#returned = false;
  }
}

/** Whether lines are shown as they are: nothing is drawn over, and none is too long. */
function needNoWork(lines: string): boolean {
  if (lines.includes("\r")) return false;
  // The longest that a line of so many characters can be in bytes.
  const safe = LONGEST_LINE / 3;
  for (let from = 0; from <= lines.length; ) {
    const at = lines.indexOf("\n", from);
    const end = at < 0 ? lines.length : at;
    if (end - from > safe && Buffer.byteLength(lines.slice(from, end)) > LONGEST_LINE) return false;
    from = end + 1;
  }
  return true;
}

/** The beginning of a text, as many whole characters as fit into `bytes`. */
function cut(text: string, bytes: number): string {
  return new StringDecoder("utf8").write(Buffer.from(text).subarray(0, bytes)).replace(/\ufffd$/, "");
}

/** Text of others as it is, or its beginning with a word about it. */
export const shorten = <T extends string | undefined>(text: T, characters: number): T | string =>
  text === undefined || text.length <= characters ? text : `${text.slice(0, characters)} … (cut)`;

const copyOf = (text: string) => (text === "" ? "" : Buffer.from(text, "utf16le").toString("utf16le"));

/** A place in a growing file: where to read on, and its last lines for the error that may come. */
export class LogCursor {
  /** Bytes that were taken. */
  offset = 0;
  readonly #reader = new LineReader();
  readonly #tail: string[] = [];
  readonly #keep: number;
  /** The last bytes that were taken: a log that is another one has others there. */
  #seen = Buffer.alloc(0);

  constructor(keep = 20) {
    this.#keep = keep;
  }

  /** Where the next piece has to begin: a little before `offset`. */
  get from(): number {
    return this.offset - this.#seen.length;
  }

  /** Takes the bytes read from `offset` on and returns the lines they complete, some of them together in one text. */
  take(bytes: Uint8Array): string[] {
    this.offset += bytes.length;
    const last = bytes.subarray(Math.max(0, bytes.length - OVERLAP));
    const seen = last.length === OVERLAP ? Buffer.from(last) : Buffer.concat([this.#seen, last]);
    this.#seen = seen.length > OVERLAP ? Buffer.from(seen.subarray(seen.length - OVERLAP)) : seen;
    return this.#kept(this.#reader.pushWhole(bytes));
  }

  /**
   * The new bytes in a piece that was read from `from` on.
   * @returns undefined where it does not go on with what was taken so far: the log is another one
   */
  newOf(piece: Uint8Array): Uint8Array | undefined {
    const again = this.#seen.length;
    return Buffer.compare(piece.subarray(0, again), this.#seen) === 0 ? piece.subarray(again) : undefined;
  }

  /** Reads from the beginning again. @returns what was left of the log that is no more */
  restart(): string[] {
    const left = this.end();
    this.offset = 0;
    this.#seen = Buffer.alloc(0);
    return left;
  }

  end(): string[] {
    return this.#kept(this.#reader.end());
  }

  /** The last lines that hold anything: no more than LONGEST_TAIL bytes of them. */
  tail(): readonly string[] {
    return lastOf(this.#tail, LONGEST_TAIL);
  }

  #kept(lines: string[]): string[] {
    const last: string[] = [];
    for (let at = lines.length - 1; at >= 0 && last.length < this.#keep; at--) {
      const text = lines[at] ?? "";
      for (let end = text.length; end >= 0 && last.length < this.#keep; ) {
        const begin = end === 0 ? 0 : text.lastIndexOf("\n", end - 1) + 1;
        const line = text.slice(begin, end);
        if (line.trim() !== "") last.unshift(copyOf(line));
        end = begin - 1;
      }
    }
    this.#tail.push(...last);
    if (this.#tail.length > this.#keep) this.#tail.splice(0, this.#tail.length - this.#keep);
    return lines;
  }
}

/** The last of these lines that fit into so many bytes, a line end for each; the one that does not fit whole is cut. */
export function lastOf(lines: readonly string[], bytes: number): string[] {
  const word = " … (cut)";
  const fitting: string[] = [];
  let left = bytes;
  for (const line of lines.toReversed()) {
    const size = Buffer.byteLength(line) + 1;
    if (size > left) {
      const room = left - Buffer.byteLength(word) - 1;
      if (room > 0) fitting.unshift(`${cut(line, room)}${word}`);
      break;
    }
    fitting.unshift(line);
    left -= size;
  }
  return fitting;
}

/**
 * Which of a run's logs people want to see, in the official client's order of preference (docs/facts/azureml-services.md#5.2): the user's own
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
