// English strings of a task for translators: tasks/<Name>/Strings/resources.resjson/en-US/resources.resjson, in the form that Microsoft's
// own tasks have them (docs/facts/extension.md#2.10).
// Tests: test/scripts/forms.test.ts
import type { TaskFolder, TaskJson } from "./task-json.ts";

/** Path of the strings below the task's folder. */
const STRINGS = "Strings/resources.resjson/en-US/resources.resjson";

/** The file of one task. Pick lists' options have no keys there: they stay as task.json has them. */
export function resourcesFile({ folder, json }: TaskFolder): { readonly path: string; readonly content: string } {
  return { path: `tasks/${folder}/${STRINGS}`, content: `${JSON.stringify(stringsOf(json), null, 2)}\n` };
}

function stringsOf(task: TaskJson): Record<string, string> {
  const { friendlyName, helpMarkDown, description, instanceNameFormat, groups = [], inputs } = task;
  return {
    "loc.friendlyName": friendlyName,
    ...(helpMarkDown === undefined ? {} : { "loc.helpMarkDown": helpMarkDown }),
    "loc.description": description,
    ...(instanceNameFormat === undefined ? {} : { "loc.instanceNameFormat": instanceNameFormat }),
    ...Object.fromEntries(groups.map(({ name, displayName }) => [`loc.group.displayName.${name}`, displayName])),
    ...Object.fromEntries(
      inputs.flatMap(({ name, label, helpMarkDown: help }) => [
        [`loc.input.label.${name}`, label],
        ...(help === undefined ? [] : [[`loc.input.help.${name}`, help]]),
      ]),
    ),
  };
}
