// vss-extension.json: the contributions and files of the tasks. Everything else in it is written by hand.
import { formatJson } from "./json.ts";
import { runsOnAgent, type TaskFolder } from "./taskJson.ts";

interface Contribution {
  id: string;
  type: string;
  description?: string;
  targets: string[];
  properties: Record<string, unknown>;
}
interface Manifest {
  contributions: Contribution[];
  files: { path: string }[];
}

const TASK = "ms.vss-distributed-task.task";
const TAB = "ms.vss-build-web.build-results-tab";

/** The manifest's text with the tasks' parts brought up to date. */
export function manifestFile(text: string, tasks: readonly TaskFolder[]): string {
  const manifest = JSON.parse(text) as Manifest;
  const ours = tasks.map(
    ({ folder, json }): Contribution => ({
      id: kebab(folder),
      type: TASK,
      description: json.description,
      targets: ["ms.vss-distributed-task.tasks"],
      properties: { name: `tasks/${folder}` },
    }),
  );
  const others = manifest.contributions.filter((one) => one.type !== TASK);
  for (const tab of others.filter((one) => one.type === TAB)) {
    // Without `dynamic` the list does not count in runs of YAML pipelines (facts/01 7.1).
    tab.properties = { ...tab.properties, dynamic: true, supportsTasks: tasks.map(({ json }) => json.id) };
  }
  return formatJson({
    ...manifest,
    contributions: [...ours, ...others],
    files: [...tasks.flatMap(taskFiles), ...manifest.files.filter(({ path }) => !path.startsWith("tasks/"))],
  });
}

/** Only what a task needs to run: no sources, no drawings. */
function taskFiles({ folder, json }: TaskFolder): { path: string }[] {
  const names = ["task.json", "icon.png", ...(runsOnAgent(json) ? ["dist"] : [])];
  return names.map((name) => ({ path: `tasks/${folder}/${name}` }));
}

const kebab = (folder: string) => folder.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
