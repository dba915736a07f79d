// Our tasks put into a schema of Azure Pipelines: into Microsoft's, into that of an organization, or into our own.
import type { TaskFolder } from "../generate/task-json.ts";
import { type Schema, taskSchemas } from "./tasks.ts";

/** A copy of the schema that knows our tasks. @throws Error when it is no schema of Azure Pipelines */
export function withTasks(base: Schema, tasks: readonly TaskFolder[], extension: string): Schema {
  const schema = structuredClone(base);
  const task = schema.definitions?.["task"];
  const references = task?.properties?.["task"]?.anyOf;
  if (!task?.anyOf || !references) {
    throw new Error(
      "This is no schema of Azure Pipelines: definitions.task lacks the list of tasks (anyOf, and properties.task.anyOf).",
    );
  }
  const ours = taskSchemas(tasks, extension);
  const names = ours.references.flatMap((reference) => reference["enum"] as string[]);
  const isOurs = (name: unknown) => names.some((one) => one.toLowerCase() === String(name).toLowerCase());
  // A schema that knows them already, as that of an organization where the extension is installed, is brought up to date.
  task.properties!["task"]!.anyOf = [
    ...references.filter((reference) => !(Array.isArray(reference["enum"]) && reference["enum"].some(isOurs))),
    ...ours.references,
  ];
  task.anyOf = [
    ...task.anyOf.filter(({ properties }) => {
      const pattern = properties?.["task"]?.["pattern"];
      return typeof pattern !== "string" || !names.some((name) => new RegExp(pattern, "i").test(name));
    }),
    ...ours.steps,
  ];
  return schema;
}
