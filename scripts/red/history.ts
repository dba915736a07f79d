// The commits that show a fault by tests that fail: what their messages name, one trailer a test.
import { execFileSync } from "node:child_process";

export interface RedTest {
  /** The whole hash of the commit that shows it. */
  readonly commit: string;
  readonly short: string;
  readonly subject: string;
  /** The test's file, from the repository's root. */
  readonly file: string;
  /** Part of the test's full title, as plain text. */
  readonly title: string;
}

const TRAILER = /^Red: *(\S+) +:: +(.+?) *$/gm;

/** The tests that one commit's message names. */
export function namedIn(message: string): { file: string; title: string }[] {
  return [...message.matchAll(TRAILER)].map(([, file = "", title = ""]) => ({ file, title }));
}

/**
 * What the history up to HEAD names, the oldest commit first.
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
  return log.split("\0").flatMap((entry) => {
    const [commit = "", short = "", subject = "", ...message] = entry.split("\n");
    return namedIn(message.join("\n")).map((named) => ({ commit, short, subject, ...named }));
  });
}
