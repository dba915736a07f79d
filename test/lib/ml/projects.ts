// Small projects for these tests: folders with YAML files in them, gone at the end.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type JobDocument, parseJob, readSource } from "../../../lib/documents/index.ts";

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder with these files; names may have folders in them. */
export function project(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "project-"));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/** A command job, as its YAML would be read; `command` is a shell command on the local cloud. */
export function commandJob(
  command: string,
  more: Record<string, unknown> = {},
): { document: JobDocument; folder: string } {
  const job = { type: "command", command, environment: { image: "ubuntu" }, compute: "azureml:cpu-cluster", ...more };
  const folder = project({ "job.yml": JSON.stringify(job), "src/main.py": "print('hello')\n" });
  return { document: parseJob(readSource(path.join(folder, "job.yml"), { root: folder })), folder };
}
