// Ignore rules of uploads (docs/facts/azureml-documents.md#3.4): `.amlignore` in its root, or else `.gitignore` there; never both, never
// deeper ones.
// Tests: test/lib/documents/language/hash.test.ts
import { statSync } from "node:fs";
import path from "node:path";
import ignore from "ignore";
import { readRegular } from "./text-file.ts";

export interface IgnoreRules {
  /** `relative` is a POSIX path below the folder; a folder's own name comes without a trailing slash, as Azure's client asks. */
  ignores(relative: string): boolean;
  /** Whether nothing below this folder can be part of the upload, so that it need not be looked at. */
  leavesOutAll(relative: string): boolean;
}

/** Nothing is left out: for single files. */
export const ignoreNothing: IgnoreRules = { ignores: () => false, leavesOutAll: () => false };

export function ignoreRules(folder: string): IgnoreRules {
  const file = [".amlignore", ".gitignore"].map((name) => path.join(folder, name)).find(isFile);
  return file === undefined ? ignoreNothing : parseIgnore(readRegular(file));
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * The last pattern that matches a file decides, also below an excluded folder: Azure's client tries each file against each pattern,
 * whereas git would never look into the folder again. That is why each pattern has a matcher of its own. It takes the blanks around a line
 * away, too, where git takes those before a pattern for a part of the name.
 */
export function parseIgnore(text: string): IgnoreRules {
  const patterns: { excludes: boolean; matches: (relative: string) => boolean }[] = [];
  for (const raw of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const excludes = !line.startsWith("!");
    const matcher = ignore({ ignorecase: false, allowRelativePaths: true }).add(excludes ? line : line.slice(1));
    patterns.push({ excludes, matches: (relative) => matcher.ignores(relative) });
  }
  const bringsBack = patterns.some(({ excludes }) => !excludes);
  return {
    leavesOutAll: (relative) => !bringsBack && patterns.some(({ matches }) => matches(`${relative}/`)),
    ignores(relative) {
      let ignored = false;
      for (const pattern of patterns) if (pattern.matches(relative)) ignored = pattern.excludes;
      return ignored;
    },
  };
}
