// The part of tasks/<Name>/README.md that leads on: recipes that use the task, the roles that it needs, and its errors.
// Tests: test/docs/task-pages.test.ts
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TASK_OPERATIONS } from "../../lib/ml/setup/task-operations.ts";
import { connectionsRow } from "./roles.ts";
import { runsOnAgent, type TaskFolder } from "./task-json.ts";

export interface Recipe {
  /** In docs/. */
  readonly page: string;
  readonly heading: string;
  readonly anchor: string;
  /** Names of the tasks in its snippets. */
  readonly tasks: ReadonlySet<string>;
}

/** The sections of docs/ whose snippets have a task. */
export function readRecipes(root: string): Recipe[] {
  const pages = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  return pages.sort().flatMap((page) => {
    const sections = readFileSync(join(root, "docs", page), "utf8").split(/^(?=#{1,6} )/m);
    return sections.flatMap((section): Recipe[] => {
      const heading = /^#{1,6} +(.+)/.exec(section)?.[1] ?? "";
      const snippets = [...section.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(([, text]) => text).join("\n");
      const tasks = new Set([...snippets.matchAll(/\btask: (AzureML\w+)@/g)].map(([, name = ""]) => name));
      return tasks.size === 0 ? [] : [{ page, heading, anchor: anchorOf(heading), tasks }];
    });
  });
}

/** The anchor that GitHub gives a heading without links. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-");

const [START, END] = ["<!-- generated: around -->", "<!-- end: around -->"];

/** The README's text with the part brought up to date; put at its end where it has none. */
export function withAround(text: string, { folder, json }: TaskFolder, recipes: readonly Recipe[]): string {
  const links = recipes
    .filter(({ tasks }) => tasks.has(json.name))
    .map(({ page, heading, anchor }) => `[${heading}](../../docs/${page}#${anchor})`);
  const rows = [
    `- **Recipes**: ${links.length === 0 ? "none" : links.join(", ")}.`,
    `- **Roles**: ${rolesOf(folder)} [All tasks](../../docs/connections.md#least-roles).`,
    `- **Errors**: each has a code, and [Troubleshooting](../../docs/troubleshooting.md) its remedy${
      runsOnAgent(json)
        ? ""
        : "; without an agent they are [sentences of Azure DevOps](../../docs/troubleshooting.md#without-an-agent)"
    }.`,
  ];
  const part = `${START}\n## Recipes, roles, errors\n\n${rows.join("\n")}\n${END}`;
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${part}\n`;
  return text.slice(0, from) + part + text.slice(to + END.length);
}

function rolesOf(folder: string): string {
  if (!(folder in TASK_OPERATIONS))
    return folder === "Report"
      ? "none in Azure; it asks Azure DevOps alone."
      : "those of the tasks that it checks for.";
  const { role, reads, changes } = connectionsRow(folder as keyof typeof TASK_OPERATIONS);
  return `the built-in role *${role}*. Reads ${reads || "nothing"}; changes ${changes.replace(/\]\((?=[\w-]+\.md)/g, "](../../docs/").replaceAll("](#", "](../../docs/connections.md#")}.`;
}
