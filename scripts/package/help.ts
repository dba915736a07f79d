// Help links of a packaged task: to its page of the documentation, and from the first input of each group to the group's part of the page.
import { groupAnchor, type TaskInput, type TaskJson } from "../generate/task-json.ts";

/** @param documentation address of the site; without one a task links to nothing */
export function withHelp(json: TaskJson, folder: string, documentation: string | undefined): TaskJson {
  if (documentation === undefined) return json;
  const page = `${documentation}/tasks/${folder}`;
  const begun = new Set<string>();
  const inputs = json.inputs.map((input): TaskInput => {
    const anchor = groupAnchor(input.groupName);
    if (begun.has(anchor)) return input;
    begun.add(anchor);
    return {
      ...input,
      helpMarkDown: `${input.helpMarkDown ?? ""} [More about these inputs](${page}#${anchor})`.trim(),
    };
  });
  const helpMarkDown = `${json.helpMarkDown ?? ""} [Learn more about this task](${page})`.trim();
  return { ...json, helpUrl: page, helpMarkDown, inputs };
}
