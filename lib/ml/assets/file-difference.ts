// The difference between two sets of files, by their paths, lengths and checksums. Pure.
// Tests: test/lib/ml/register/data-change.test.ts, test/bundle/same-data.test.ts

/** A file without a checksum is compared by its length alone. */
interface File {
  readonly size: number;
  readonly md5?: string | undefined;
}

/** By path; the empty path is a single file. */
export type Files = ReadonlyMap<string, File>;

export interface FileDifference {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  /** The first of those that differ. */
  readonly files: readonly { path: string; change: "added" | "changed" | "removed"; bytes?: number }[];
}

const MOST_FILES = 200;

/** A file of the same length counts as unchanged where one of the two has no checksum. */
export function fileDifference(before: Files, now: Files): FileDifference {
  const files: { path: string; change: "added" | "changed" | "removed"; bytes?: number }[] = [];
  let unchanged = 0;
  for (const [path, { size, md5 }] of now) {
    const old = before.get(path);
    const isSame = old !== undefined && old.size === size && (!old.md5 || !md5 || old.md5 === md5);
    if (isSame) unchanged++;
    else files.push({ path, change: old === undefined ? "added" : "changed", bytes: size });
  }
  for (const path of before.keys()) if (!now.has(path)) files.push({ path, change: "removed" });
  const count = (change: string) => files.filter((one) => one.change === change).length;
  return {
    ...{ added: count("added"), changed: count("changed"), removed: count("removed"), unchanged },
    files: files.slice(0, MOST_FILES).map((one) => (one.path === "" ? { ...one, path: "(the file itself)" } : one)),
  };
}
