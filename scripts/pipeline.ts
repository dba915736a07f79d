// `npm run pipeline -- ...`: `azureml-local run` with the tasks and pages of this clone, which are built first.
import { readFileSync } from "node:fs";
import path from "node:path";
import { ownTasks } from "../local/commands/project/extensions.ts";
import { run } from "../local/commands/run.ts";
import { UsageError } from "../local/commands/usage.ts";
import { buildTab } from "./build/tab.ts";
import { buildTasks } from "./build.ts";
import { readTasks } from "./generate/task-json.ts";

const root = path.resolve(import.meta.dirname, "..");

/** Paths are meant from where npm was called. */
process.chdir(process.env["INIT_CWD"] ?? process.cwd());

try {
  process.exitCode = await run(process.argv.slice(2), {
    installed: async () => {
      await Promise.all([buildTasks(root), buildTab(root)]);
      const tasks = readTasks(root).map(
        ({ json, folder }) => [`${json.name}@${json.version.Major}`, path.join(root, "tasks", folder)] as const,
      );
      const manifest = JSON.parse(readFileSync(path.join(root, "vss-extension.json"), "utf8"));
      return { tasks: new Map([...ownTasks, ...tasks]), extensions: [{ manifest, root }] };
    },
  });
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
