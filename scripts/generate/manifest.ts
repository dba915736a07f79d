// vss-extension.json: the contributions and files of the tasks and of contributions/. Everything else in it is written by hand.
import type { Contribution, ContributionFile } from "./contributions.ts";
import { formatJson } from "./json.ts";
import { runsOnAgent, type TaskFolder } from "./task-json.ts";

interface Manifest {
  contributions: Contribution[];
  files: { path: string; addressable?: boolean }[];
}

const TASK = "ms.vss-distributed-task.task";
const TAB = "ms.vss-build-web.build-results-tab";
/** Types that only ever come from contributions/: what the manifest holds of them is ours to replace. */
const FROM_FOLDER = new Set(["ms.vss-endpoint.service-endpoint-type", "ms.vss-releaseartifact.release-artifact-type"]);

/** The manifest's text with the parts of the tasks and of contributions/ brought up to date. */
export function manifestFile(
  text: string,
  tasks: readonly TaskFolder[],
  byHand: readonly ContributionFile[] = [],
): string {
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
  const replaced = new Set(byHand.map(({ contribution }) => contribution.id));
  const others = [
    ...byHand.map(({ contribution }) => contribution),
    ...manifest.contributions.filter(({ id, type }) => type !== TASK && !FROM_FOLDER.has(type) && !replaced.has(id)),
  ];
  const files = byHand.flatMap((one) => one.files ?? []);
  const isOurs = (path: string) => path.startsWith("tasks/") || files.some((file) => file.path === path);
  for (const tab of others.filter((one) => one.type === TAB)) {
    // Without `dynamic` the list does not count in runs of YAML pipelines (docs/facts/extension.md#7.1).
    tab.properties = { ...tab.properties, dynamic: true, supportsTasks: tasks.map(({ json }) => json.id) };
  }
  return formatJson({
    ...manifest,
    contributions: [...ours, ...others],
    files: [...tasks.flatMap(taskFiles), ...files, ...manifest.files.filter(({ path }) => !isOurs(path))],
  });
}

/** Only what a task needs to run: no sources, no drawings. */
function taskFiles({ folder, json }: TaskFolder): { path: string }[] {
  const names = ["task.json", "icon.png", ...(runsOnAgent(json) ? ["dist"] : [])];
  return names.map((name) => ({ path: `tasks/${folder}/${name}` }));
}

const kebab = (folder: string) => folder.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
