// The tasks as they are shipped: built once, and each packaged folder copied to a place with no node_modules above it.
import { cpSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildTasks } from "../../scripts/build.ts";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** What a package holds of a task's folder. */
const PACKAGED = ["task.json", "icon.png", "dist"];

let packaged: Promise<ReadonlyMap<string, string>> | undefined;

/**
 * Folder by task: `SubmitJob` -> where its package lies, and nothing else of it. Builds what has changed; test processes
 * take turns, and each asks once.
 */
export function packagedTasks(): Promise<ReadonlyMap<string, string>> {
  packaged ??= inTurn(async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-packages-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const tasks = (await buildTasks(root)).map((task) => task.folder);
    for (const task of tasks) {
      for (const file of PACKAGED) {
        const target = path.join(folder, task, file);
        mkdirSync(path.dirname(target), { recursive: true });
        cpSync(path.join(root, "tasks", task, file), target, { recursive: true, dereference: true });
      }
    }
    return new Map(tasks.map((task) => [task, path.join(folder, task)]));
  });
  return packaged;
}

/** Runs `work` while no other test process does. A lock counts as long as the process that it names is there. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const lock = path.join(root, "node_modules", ".cache", "azure-ml-pipelines", "building");
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      symlinkSync(`${process.pid}`, lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (isLeft(lock)) rmSync(lock, { recursive: true, force: true });
      else await pause(50);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Whether the process that a lock names, as the target of a link, is gone. */
function isLeft(lock: string): boolean {
  try {
    process.kill(Number(readlinkSync(lock)), 0);
    return false;
  } catch (error) {
    // ENOENT: it was given back a moment ago. EPERM: somebody else's process.
    return !["ENOENT", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}
