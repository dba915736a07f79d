// The example project as a git repository of its own, in which the demo's data scientist commits.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface DemoRepository {
  readonly folder: string;
  readonly branch: "main";
  /** The newest commit, 40 hex digits. */
  readonly commit: string;
  /** Changes one file and commits it; throws when `from` does not stand in the file, so that a story cannot silently not happen. */
  change(file: string, replacements: readonly (readonly [from: string, to: string])[], message: string): void;
  /** Makes a branch, lets `work` commit on it, and goes back. @returns the branch's newest commit */
  branchOff(name: string, work: () => void): string;
}

/** Copies the example to `folder` and makes the first commit. Needs git, nothing of the user's git configuration. */
export function createRepository(example: string, folder: string, message: string): DemoRepository {
  mkdirSync(folder, { recursive: true });
  cpSync(example, folder, { recursive: true, filter: (source) => !/__pycache__/.test(source) });
  const git = (...command: string[]): string =>
    execFileSync("git", command, {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_NAME: "Ada Example",
        GIT_AUTHOR_EMAIL: "ada@example.com",
        GIT_COMMITTER_NAME: "Ada Example",
        GIT_COMMITTER_EMAIL: "ada@example.com",
      },
    }).trim();
  git("init", "--quiet", "--initial-branch=main");
  const commitAll = (text: string) => {
    git("add", "--all");
    git("commit", "--quiet", "--message", text);
  };
  commitAll(message);
  return {
    folder,
    branch: "main",
    get commit() {
      return git("rev-parse", "HEAD");
    },
    branchOff(name, work) {
      git("switch", "--quiet", "--create", name);
      work();
      const commit = git("rev-parse", "HEAD");
      git("switch", "--quiet", "main");
      return commit;
    },
    change(file, replacements, text) {
      const target = path.join(folder, file);
      let content = readFileSync(target, "utf8");
      for (const [from, to] of replacements) {
        if (!content.includes(from)) throw new Error(`${file} does not hold "${from}", so the demo cannot change it.`);
        content = content.replace(from, to);
      }
      writeFileSync(target, content);
      commitAll(text);
    },
  };
}
