// The one walk over what is to be uploaded, for every road: which files there are, where each really lies, and what is refused.
// Tests: test/lib/documents/language/upload-folders.test.ts
import { type BigIntStats, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../../errors.ts";
import { isGit } from "../../git-folder.ts";
import { type IgnoreRules, ignoreNothing, ignoreRules } from "./ignore.ts";
import { shownPath } from "./shown-path.ts";
import { ALLOWED_HINT, type UploadRoot, whereIs } from "./upload-folders.ts";

export interface UploadFile {
  /** Absolute path on this machine, as it was reached. */
  readonly path: string;
  /** POSIX path below the uploaded folder; the file's own name for a single file. */
  readonly relative: string;
  /** Bytes. */
  readonly size: number;
  /** The file's real path, without links. */
  readonly real: string;
  /** The file's identity. */
  readonly identity: { readonly dev: bigint; readonly ino: bigint };
}

export interface ListOptions {
  /** The folders that a file's real path must lie in; any folder where absent. */
  readonly root?: UploadRoot | undefined;
}

/** An entry of a folder, as it was reached. A link to nothing, a pipe or a socket has neither a file nor entries. */
export interface Entry {
  readonly name: string;
  readonly real: string;
  readonly file?: UploadFile;
  readonly entries?: readonly Entry[];
}

export interface UploadTree {
  readonly top: Entry;
  readonly rules: IgnoreRules;
  /** The files to upload, sorted by lower-cased relative path. */
  readonly files: readonly UploadFile[];
}

/** Entries that links may bring a second time; beyond them, links multiply what is there. */
const REPEATED = 10_000;

/**
 * Walks a file or a folder, step by step, so that the caller may stop. Links are followed, as Azure's client follows them; each
 * real folder is read once. `.git` is no part of it.
 * @throws TaskError kind `input`: a real path outside of the folders that may be uploaded, a link to itself, a name that storage
 * does not keep, or no file at all
 */
export function* walk(source: string, options: ListOptions = {}): Generator<void, UploadTree> {
  const absolute = path.resolve(source);
  const real = realpathSync(absolute);
  const stats = statSync(real, { bigint: true });
  const name = path.basename(absolute);
  if (!stats.isDirectory()) {
    if (!stats.isFile())
      throw new TaskError("input", `${shownPath(absolute, options.root)} is neither a file nor a folder.`, {
        errorCode: "AML1310",
      });
    const file = fileOf(absolute, name, real, stats);
    refuseName(file, options.root);
    return { top: { name, real, file }, rules: ignoreNothing, files: [file] };
  }
  const rules = ignoreRules(absolute);
  const walking = new Walk(rules, options.root);
  const entries = yield* walking.folder(absolute, real, "", new Set([real]));
  const shown = shownPath(absolute, options.root);
  if (walking.files.length === 0)
    throw new TaskError("input", `The folder ${shown} holds no file to upload.`, {
      errorCode: "AML1311",
      where: { file: shown },
      hint: "Check the path, and the patterns in its .amlignore or .gitignore.",
    });
  const files = walking.files.sort((left, right) =>
    compareText(left.relative.toLowerCase(), right.relative.toLowerCase()),
  );
  return { top: { name, real, entries }, rules, files };
}

/** The entries of a real folder, by any path that leads there. */
interface Found {
  readonly name: string;
  readonly isLink: boolean;
  /** Undefined where a link leads to nothing. */
  readonly real: string | undefined;
  readonly stats: BigIntStats | undefined;
  readonly isCircle: boolean;
}

class Walk {
  readonly files: UploadFile[] = [];
  readonly #rules: IgnoreRules;
  readonly #root: UploadRoot | undefined;
  readonly #read = new Map<string, readonly Found[]>();
  #repeated = 0;

  constructor(rules: IgnoreRules, root: UploadRoot | undefined) {
    this.#rules = rules;
    this.#root = root;
  }

  *folder(absolute: string, real: string, prefix: string, above: ReadonlySet<string>): Generator<void, Entry[]> {
    yield;
    const known = this.#read.get(real);
    if (known !== undefined) this.#count(absolute, known.length);
    const found = known ?? readFolder(real, this.#root);
    this.#read.set(real, found);
    const entries: Entry[] = [];
    for (const one of found) {
      const at = path.join(absolute, one.name);
      const relative = prefix === "" ? one.name : `${prefix}/${one.name}`;
      const isFolder = one.stats?.isDirectory() === true;
      const isLeftOut = isFolder ? this.#rules.leavesOutAll(relative) : this.#rules.ignores(relative);
      if (one.isLink && !isLeftOut) this.#checkLink(at, one);
      if (one.stats === undefined || one.real === undefined) entries.push({ name: one.name, real: at });
      else if (isFolder) {
        // A link to a folder above would never end.
        const goesOn = !isLeftOut && !above.has(one.real);
        const inner = goesOn ? yield* this.folder(at, one.real, relative, new Set([...above, one.real])) : undefined;
        entries.push({
          name: one.name,
          real: one.real,
          ...(goesOn ? { entries: inner ?? [] } : isLeftOut ? { entries: [] } : {}),
        });
      } else if (one.stats.isFile()) {
        const file = fileOf(at, relative, one.real, one.stats);
        entries.push({ name: one.name, real: one.real, file });
        if (isLeftOut) continue;
        refuseName(file, this.#root);
        this.files.push(file);
      } else entries.push({ name: one.name, real: one.real });
    }
    return entries;
  }

  #count(absolute: string, entries: number): void {
    this.#repeated += entries;
    if (this.#repeated <= REPEATED) return;
    const shown = shownPath(absolute, this.#root);
    throw new TaskError(
      "input",
      `Links lead to the same folders again and again, so that more than ${REPEATED} files would be uploaded twice (${shown} is one of those folders).`,
      {
        errorCode: "AML1307",
        where: { file: shown },
        hint: "Replace the links by what is needed, or leave them out in .amlignore.",
      },
    );
  }

  #checkLink(link: string, { real, isCircle }: Found): void {
    const at = shownPath(link, this.#root);
    if (isCircle)
      throw new TaskError("input", `The link ${at} leads to itself, so there is nothing to upload.`, {
        errorCode: "AML1307",
        where: { file: at },
        hint: "Remove it, or leave it out in .amlignore.",
      });
    if (this.#root === undefined || real === undefined) return;
    const place = whereIs(real, this.#root);
    if (place === "inside") return;
    const leads = place === "history" ? "into the repository's .git" : "out of the repository";
    throw new TaskError("input", `The link ${at} leads ${leads} (to ${real}), so it is not uploaded.`, {
      errorCode: "AML1306",
      where: { file: at },
      hint:
        place === "history"
          ? "Leave it out in .amlignore: what git keeps is never uploaded."
          : `Replace the link by the file itself, or leave it out in .amlignore. ${ALLOWED_HINT}`,
    });
  }
}

function readFolder(folder: string, root: UploadRoot | undefined): Found[] {
  return namesIn(folder, root).flatMap((name): Found[] => {
    if (isGit(name)) return [];
    const at = path.join(folder, name);
    const own = lstatSync(at, { bigint: true, throwIfNoEntry: false });
    if (own === undefined) {
      // A name that is no text cannot be asked for again. Any other has gone meanwhile.
      if (name.includes("\ufffd")) throw notKept(shownPath(at, root), "is no valid UTF-8");
      return [];
    }
    if (!own.isSymbolicLink()) return [{ name, isLink: false, real: at, stats: own, isCircle: false }];
    try {
      const real = realpathSync(at);
      return [{ name, isLink: true, real, stats: statSync(real, { bigint: true }), isCircle: false }];
    } catch (error) {
      const isCircle = (error as NodeJS.ErrnoException).code === "ELOOP";
      return [{ name, isLink: true, real: undefined, stats: undefined, isCircle }];
    }
  });
}

function namesIn(folder: string, root: UploadRoot | undefined): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const shown = shownPath(folder, root);
    throw new TaskError("input", `The folder ${shown} cannot be read (${(error as NodeJS.ErrnoException).code}).`, {
      errorCode: "AML1310",
      where: { file: shown },
      hint: "Check that the agent's user may read it, or leave it out in .amlignore.",
    });
  }
}

function fileOf(absolute: string, relative: string, real: string, stats: BigIntStats): UploadFile {
  return { path: absolute, relative, size: Number(stats.size), real, identity: { dev: stats.dev, ino: stats.ino } };
}

/** Storage takes a backslash for a slash, and what is no Unicode for a mark of its own: the file would come back as another. */
function refuseName({ path: absolute, relative }: UploadFile, root: UploadRoot | undefined): void {
  const file = shownPath(absolute, root);
  if (relative.includes("\\")) throw notKept(file, "holds a backslash, which becomes a slash there");
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(relative))
    throw notKept(file, "is no valid Unicode");
}

function notKept(file: string, why: string): TaskError {
  return new TaskError("input", `Storage cannot keep the name of the file ${file}: it ${why}.`, {
    errorCode: "AML1308",
    where: { file },
    hint: "Rename the file, or leave it out in .amlignore.",
  });
}

export function compareText(left: string, right: string): number {
  // Python compares by code point; so does a comparison of UTF-16 units for all but astral characters.
  return left < right ? -1 : left > right ? 1 : 0;
}
