// Files of a user's project for the tests of this room, and the faults that reading them gives.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DocumentFault, parseSource, type SourceFile } from "../../../lib/documents/index.ts";
import { TaskErrors } from "../../../lib/errors.ts";
import { DEFAULT_WORLD, OfflineResolver } from "../../../scripts/plan/offline.ts";

export interface Project {
  readonly folder: string;
  /** Absolute path of a file of the project. */
  at(...parts: string[]): string;
  write(name: string, text: string): string;
  /** YAML text as though it were a file in the project's folder. */
  yaml(text: string, name?: string): SourceFile;
  remove(): void;
}

export function project(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(path.join(os.tmpdir(), "spec-"));
  const made: Project = {
    folder,
    at: (...parts) => path.join(folder, ...parts),
    write(name, text) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    yaml: (text, name = "doc.yml") => parseSource(text, { name, folder, root: folder }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  for (const [name, text] of Object.entries(files)) made.write(name, text);
  return made;
}

/** The faults that `work` throws; none where it does not throw. */
export function faultsOf(work: () => unknown): DocumentFault[] {
  try {
    work();
  } catch (error) {
    if (error instanceof TaskErrors) return error.errors as DocumentFault[];
    if (error instanceof DocumentFault) return [error];
    throw error;
  }
  return [];
}

export function offline(): OfflineResolver {
  return new OfflineResolver(DEFAULT_WORLD);
}
export const WORKSPACE = offline().workspace.id;
