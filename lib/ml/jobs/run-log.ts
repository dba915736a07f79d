// The logs of one run as they grow: each look reads only what is new, piece by piece, and shows it before it reads on.
// Tests: test/lib/ml/jobs/follow-steps.test.ts
import { readPiece } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { LONGEST_TAIL, LogCursor, lastOf, logsToShow, OVERLAP } from "./logs.ts";
import type { RunDetails } from "./runs.ts";

/** Lines of the log at the end of a failure. */
export const TAIL = 20;

/** Bytes that are asked for at a time: what a log takes of memory, however long it is. */
const PIECE = 256 * 1024;
/**
 * Bytes that become text at a time. V8 keeps a text of more than 128 KB, and each copy that is made on its way out, among its large
 * objects, where it stays long after its use; smaller ones go with the next short collection.
 */
const TEXT = 32 * 1024;
/** Bytes of one log that one look reads, so that the job's state is looked at between them. */
const MOST_AT_ONCE = 256 * PIECE;
/** Lines that are printed at a time. */
const LINES = 1_000;

/** Takes lines as they are read; awaited before more is read. */
export type Show = (lines: readonly string[]) => Promise<void> | void;

/** The result of one read: whether anything is new, and whether more is available already. */
export interface Read {
  readonly news: boolean;
  readonly more: boolean;
}

export class RunLog {
  readonly #workspace: Workspace;
  readonly #cursors = new Map<string, LogCursor>();
  #several = false;
  #room: Buffer | undefined;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Logs that the details name, each of which one look reads. */
  static count({ logFiles }: RunDetails): number {
    return logsToShow(Object.keys(logFiles ?? {})).length;
  }

  /**
   * Shows the lines that are new in the logs which the details name. One ranged read for each log, and one for each
   * further piece of it.
   * @param most bytes to read of each log
   */
  async read(details: RunDetails, show: Show, most = MOST_AT_ONCE): Promise<Read> {
    const files = details.logFiles ?? {};
    const shown = logsToShow(Object.keys(files));
    this.#several = shown.length > 1;
    let news = false;
    let more = false;
    for (const path of shown) {
      const cursor = this.#cursors.get(path) ?? new LogCursor(TAIL);
      this.#cursors.set(path, cursor);
      const found = await this.#readOne(path, files[path] ?? "", cursor, show, most);
      news ||= found.news;
      more ||= found.more;
    }
    return { news, more };
  }

  async #readOne(path: string, url: string, cursor: LogCursor, show: Show, most: number): Promise<Read> {
    const { azure, signal, log } = this.#workspace;
    let news = false;
    for (let read = 0; read < most; ) {
      const from = cursor.from;
      const length = Math.min(PIECE, most - read) + cursor.offset - from;
      // The buffer is reused: buffers that are freed for each piece would stay in memory until they are collected.
      const room = this.#room ?? Buffer.allocUnsafe(PIECE + OVERLAP);
      this.#room = undefined;
      const piece = await readPiece(azure, url, from, room.subarray(0, length), signal);
      // It is not there yet, or not any more.
      if (piece === undefined) {
        this.#room = room;
        return { news, more: false };
      }
      if (from + piece.bytes.length < cursor.offset && (piece.total ?? 0) >= cursor.offset)
        throw new TaskError("service", "Azure sent less of the job's log than it said.", { errorCode: "AML1112" });
      const fresh = cursor.newOf(piece.bytes);
      if (fresh === undefined) {
        this.#room = room;
        // A job that was moved to another node starts its log anew (not verified against live Azure).
        await this.#show(path, cursor.restart(), show);
        log.info("The job's log was replaced by another one, which follows from its beginning.");
        news = true;
        continue;
      }
      for (let at = 0; at < fresh.length; at += TEXT)
        await this.#show(path, cursor.take(fresh.subarray(at, at + TEXT)), show);
      this.#room = room;
      if (fresh.length === 0) return { news, more: false };
      news = true;
      read += fresh.length;
      if (piece.bytes.length < length && (piece.total === undefined || cursor.offset >= piece.total))
        return { news, more: false };
    }
    return { news, more: true };
  }

  /** Shows what is left when nothing more comes. */
  async end(show: Show): Promise<void> {
    for (const [path, cursor] of this.#cursors) await this.#show(path, cursor.end(), show);
  }

  /** The last lines of what was read so far, together no more than LONGEST_TAIL bytes. */
  tail(): string[] {
    return lastOf([...this.#cursors.values()].flatMap((cursor) => cursor.tail()).slice(-TAIL), LONGEST_TAIL);
  }

  async #show(path: string, lines: readonly string[], show: Show): Promise<void> {
    const prefix = this.#several ? `${path.replace(/^.*\//, "").replace(/\.txt$/, "")}: ` : "";
    for (let at = 0; at < lines.length; at += LINES) {
      const some = lines.slice(at, at + LINES);
      // Several lines may stand together in one text.
      await show(prefix === "" ? some : some.map((text) => prefix + text.replaceAll("\n", `\n${prefix}`)));
    }
  }
}
