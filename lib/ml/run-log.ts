// The logs of one run as they grow: each look reads only what is new.
import { readFrom } from "../azure/index.ts";
import { LogCursor, logsToShow } from "./logs.ts";
import type { RunDetails } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

/** Lines of the log at the end of a failure. */
export const TAIL = 20;

export class RunLog {
  readonly #workspace: Workspace;
  readonly #cursors = new Map<string, LogCursor>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** The lines that are new in the logs which the details name. One ranged read for each log. */
  async read(details: RunDetails): Promise<{ lines: string[]; news: boolean }> {
    const files = details.logFiles ?? {};
    const shown = logsToShow(Object.keys(files));
    const read = await Promise.all(
      shown.map(async (path) => {
        const cursor = this.#cursors.get(path) ?? new LogCursor(TAIL);
        this.#cursors.set(path, cursor);
        const { azure, signal } = this.#workspace;
        const answer = await readFrom(azure, files[path] ?? "", cursor.offset, signal);
        // A job that was moved to another node starts its log anew (not verified against live Azure).
        if (answer.length !== undefined && answer.length < cursor.offset) cursor.offset = 0;
        const news = (answer.bytes?.length ?? 0) > 0;
        return { path, lines: news && answer.bytes ? cursor.take(answer.bytes) : [], news };
      }),
    );
    const lines = read.flatMap(({ path, lines }) => {
      const prefix = shown.length > 1 ? `${path.replace(/^.*\//, "").replace(/\.txt$/, "")}: ` : "";
      return lines.map((line) => prefix + line);
    });
    return { lines, news: read.some(({ news }) => news) };
  }

  /** What is left when nothing more comes. */
  end(): string[] {
    return [...this.#cursors.values()].flatMap((cursor) => cursor.end());
  }

  /** The last lines of what was read so far. */
  tail(): string[] {
    return [...this.#cursors.values()].flatMap((cursor) => cursor.tail()).slice(-TAIL);
  }
}
