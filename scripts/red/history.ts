// The commits that show a fault by tests that fail: what their messages name, one trailer a test.
import { execFileSync } from "node:child_process";

export interface RedTest {
  /** The whole hash of the commit that shows it. */
  readonly commit: string;
  readonly short: string;
  readonly subject: string;
  /** The test's file at that commit, from the repository's root. */
  readonly file: string;
  /** The same file at HEAD, where later commits renamed it. */
  readonly here: string;
  /** Part of the test's full title, as plain text. */
  readonly title: string;
  /** True: the commit has not that file yet, and gets it as it is at HEAD. */
  readonly fromHead?: boolean;
}

const TRAILER = /^Red: *(\S+) +:: +(.+?) *$/gm;
/** A test that came later: the file as it is at HEAD fails at that earlier commit, which must be an ancestor. */
const AT = /^Red-At: *([0-9a-f]{7,40}) +(\S+) +:: +(.+?) *$/gm;
/** Takes back a trailer of an earlier commit, which showed nothing; the message says why. */
const WITHDRAWN = /^Not-Red: *(\S+) +:: +(.+?) *$/gm;

/** The tests that one commit's message names, or with WITHDRAWN those that it takes back. */
export function namedIn(message: string, trailer = TRAILER): { file: string; title: string }[] {
  return [...message.matchAll(trailer)].map(([, file = "", title = ""]) => ({ file, title }));
}

/**
 * The tests that commits up to HEAD name, the oldest commit first.
 * @param since only of commits after this one
 * @throws Error where git does not know `since`
 */
export function redTests(root: string, since?: string): RedTest[] {
  const range = since === undefined ? "HEAD" : `${since}..HEAD`;
  const log = execFileSync("git", ["log", "--reverse", "-z", "--format=%H%n%h%n%s%n%B", range, "--"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const withdrawn = new Set(namedIn(log, WITHDRAWN).map(keyOf));
  const here = filesAtHead(root);
  return log.split("\0").flatMap((entry) => {
    const [commit = "", short = "", subject = "", ...message] = entry.split("\n");
    const named = namedIn(message.join("\n")).filter((one) => !withdrawn.has(keyOf(one)));
    const later = [...message.join("\n").matchAll(AT)].map(([, at = "", file = "", title = ""]): RedTest => {
      const [whole = "", name = "", what = ""] = describe(root, at);
      return { commit: whole, short: name, subject: what, file, title, here: here(file), fromHead: true };
    });
    return [...named.map((one) => ({ commit, short, subject, here: here(one.file), ...one })), ...later];
  });
}

/** @throws Error where the history up to HEAD has no such commit */
function describe(root: string, commit: string): string[] {
  const git = (...words: string[]) => execFileSync("git", words, { cwd: root, encoding: "utf8" });
  git("merge-base", "--is-ancestor", commit, "HEAD");
  return git("log", "-1", "--format=%H%n%h%n%s", commit, "--").split("\n");
}

/** Follows the renames of the history, as git sees them, to the path that a file has at HEAD. */
function filesAtHead(root: string): (file: string) => string {
  const git = (...words: string[]) => execFileSync("git", words, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });
  const present = new Set(git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0"));
  const renames = new Map<string, string>();
  const log = git("log", "--reverse", "--diff-filter=R", "-M", "-l0", "--format=", "--name-status", "HEAD", "--");
  for (const [, from = "", to = ""] of log.matchAll(/^R\d+\t([^\t\n]+)\t([^\t\n]+)$/gm)) renames.set(from, to);
  return (file) => {
    let name = file;
    for (const seen = new Set([file]); !present.has(name); seen.add(name)) {
      const next = renames.get(name);
      if (next === undefined || seen.has(next)) return file;
      name = next;
    }
    return name;
  };
}

const keyOf = ({ file, title }: { file: string; title: string }) => `${file} :: ${title}`;
