// The tasks as they are shipped: built once, and each packaged folder copied to a place with no node_modules above it.
import { cpSync, mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildTasks } from "../../scripts/build.ts";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** What a package holds of a task's folder. */
const PACKAGED = ["task.json", "icon.png", "dist"];

let built: Promise<readonly string[]> | undefined;

/** Builds what has changed and gives the names of the tasks' folders. Test processes take turns; each asks once. */
export function builtTasks(): Promise<readonly string[]> {
  built ??= inTurn(async () => (await buildTasks(root)).map(({ folder }) => folder));
  return built;
}

/** Copies a built task into `target`, which is made; what the package does not hold stays behind. */
export async function copyPackage(task: string, target: string): Promise<string> {
  const tasks = await builtTasks();
  if (!tasks.includes(task))
    throw new Error(`There is no task ${task} that runs on an agent; there is ${tasks.join(", ")}.`);
  mkdirSync(target, { recursive: true });
  for (const file of PACKAGED) {
    cpSync(path.join(root, "tasks", task, file), path.join(target, file), { recursive: true, dereference: true });
  }
  return target;
}

/** Runs `work` while no other test process does. A lock that its holder left behind counts for a minute. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const lock = path.join(root, "node_modules", ".cache", "azure-ml-pipelines", "building");
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0);
      if (age > 60_000) rmSync(lock, { recursive: true, force: true });
      else await pause(50);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
