// Files of the project in which snippets run: the examples with what the pages take for granted, and the ground of one snippet laid over them.
// Tests: test/docs/run-snippets.test.ts
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createRepository, type DemoRepository } from "../demo/repository.ts";

/** Where the grounds lie, each a folder. */
const GROUNDS_FOLDER = path.join(import.meta.dirname, "grounds");

/** The example with the templates beside it, as a repository below `work`. @param root this repository */
export function exampleRepository(root: string, work: string): DemoRepository {
  const project = path.join(work, "project");
  cpSync(path.join(root, "examples", "breast-cancer"), project, { recursive: true });
  cpSync(path.join(root, "examples", "templates"), path.join(project, "templates"), { recursive: true });
  cpSync(path.join(root, "scripts", "docs", "fixture"), project, { recursive: true });
  writeFileSync(path.join(project, "snippets.txt"), "Snippets:\n");
  const folder = path.join(work, "repository");
  mkdirSync(folder);
  const repository = createRepository(project, folder, "Train a first model");
  for (const file of ["azureml/job.yml", "job.yml"])
    repository.change(file, [["epochs: 60", "epochs: 15"]], "Train for a moment");
  return repository;
}

/** A pipeline that has these variables from its beginning, beside its own. */
export function withVariables(text: string, given: Readonly<Record<string, string>>): string {
  const lines = Object.entries(given).map(([name, value]) => `  ${name}: "${value}"\n`);
  if (lines.length === 0) return text;
  const all = `variables:\n${lines.join("")}`;
  return /^variables:\n/m.test(text) ? text.replace(/^variables:\n/m, all) : `${all}${text}`;
}

/** Lays the files of a ground over the project, with the values of the variables that they name. @returns what takes them away again */
export function overlay(name: string, project: string, given: Readonly<Record<string, string>>): () => void {
  const from = path.join(GROUNDS_FOLDER, name);
  const files = readdirSync(from, { recursive: true, encoding: "utf8" }).filter((file) =>
    statSync(path.join(from, file)).isFile(),
  );
  const before = new Map<string, Buffer | undefined>();
  for (const file of files) {
    const target = path.join(project, file);
    before.set(target, existsSync(target) ? readFileSync(target) : undefined);
    mkdirSync(path.dirname(target), { recursive: true });
    const text = readFileSync(path.join(from, file), "utf8");
    // Of a pipeline Azure Pipelines sets them itself.
    const isPipeline = !file.includes(path.sep) && file.endsWith(".yml");
    writeFileSync(target, isPipeline ? text : text.replace(/\$\(([\w.]+)\)/g, (all, one: string) => given[one] ?? all));
  }
  return () => {
    for (const [target, content] of before) {
      if (content === undefined) rmSync(target);
      else writeFileSync(target, content);
    }
  };
}
