// contributions/*.json: what the manifest contributes beside the tasks, one file each, written by hand.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A contribution as the manifest has it (docs/facts/extension.md#1.1). */
export interface Contribution {
  id: string;
  type: string;
  description?: string;
  targets: string[];
  properties: Record<string, unknown>;
}

/** One file of the folder: the contribution, and the files of the package that it needs. */
export interface ContributionFile {
  readonly contribution: Contribution;
  readonly files?: readonly { path: string; addressable?: boolean }[];
}

/** In alphabetical order of their files' names. @throws Error when a file is no contribution or two have one id */
export function readContributions(root: string): ContributionFile[] {
  const folder = join(root, "contributions");
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort();
  const seen = new Map<string, string>();
  return names.map((name) => {
    const file = JSON.parse(readFileSync(join(folder, name), "utf8")) as ContributionFile;
    const { id, type, targets, properties } = file.contribution ?? {};
    if (!id || !type || !targets?.length || !properties) {
      throw new Error(`contributions/${name}: "contribution" needs id, type, targets and properties.`);
    }
    const first = seen.get(id);
    if (first !== undefined) throw new Error(`contributions/${name}: id ${id} is that of contributions/${first}.`);
    seen.set(id, name);
    return file;
  });
}
