// Sources of template files: a commit of the repository, or the disk.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TemplateFiles } from "./include.ts";

/** Files of a commit, by their path from the root of the repository. */
export function filesOfCommit(repository: string, commit: string): TemplateFiles {
  return (file) => {
    try {
      const show = ["-C", repository, "show", `${commit}:${file}`];
      return execFileSync("git", show, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
      return undefined;
    }
  };
}

/** Files on the disk: absolute paths as they are, others below `root`. */
export function filesOnDisk(root: string): TemplateFiles {
  return (file) => {
    const found = path.resolve(root, file);
    return existsSync(found) ? readFileSync(found, "utf8") : undefined;
  };
}
