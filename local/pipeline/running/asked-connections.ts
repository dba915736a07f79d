// Service connections that the steps of a pipeline name, with the workspace that each step means by its own.
import { expandMacros, readTaskFolder } from "../../agent/index.ts";
import type { Place } from "../../text/places.ts";
import type { PipelineDocument } from "../language/document.ts";

/** A connection that a step names. Values are as the file's own variables make them; a macro of a later step stays. */
export interface AskedConnection {
  readonly name: string;
  /** Type of the input, as in `azurerm`, in small letters. */
  readonly type: string;
  readonly place: Place;
  /** Name of the task. */
  readonly task: string;
  readonly resourceGroup?: string;
  readonly workspace?: string;
  /** Whether the task takes a workspace at all. */
  readonly takesWorkspace: boolean;
}

/**
 * Connections of all steps whose task is known, in the order of the file.
 * @param tasks `Name@major` -> packaged folder
 * @param given variables that the run is started with
 */
export function askedConnections(
  document: PipelineDocument,
  tasks: ReadonlyMap<string, string>,
  given: Readonly<Record<string, string>> = {},
): AskedConnection[] {
  const folders = new Map([...tasks].map(([name, folder]) => [name.toLowerCase(), folder]));
  return document.stages.flatMap((stage) =>
    stage.jobs.flatMap((job) => {
      const variables = [...job.variables, ...stage.variables, ...document.variables];
      const lookup = (name: string) =>
        variables.find((one) => one.expression === undefined && one.name.toLowerCase() === name.toLowerCase())?.value ??
        Object.entries(given).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
      return job.steps.flatMap((step) => {
        const folder = step.kind === "task" ? folders.get(withoutPublisher(step.task.value)) : undefined;
        if (step.kind !== "task" || folder === undefined) return [];
        const { name: task, inputs: declared = [] } = readTaskFolder(folder).manifest;
        const values = new Map(
          step.inputs.map(({ name, value }) => [name.value.trim().toLowerCase(), expandMacros(value.value, lookup)]),
        );
        const textOf = (wanted: string) => {
          const value = values.get(wanted.toLowerCase())?.trim();
          return value === undefined || value === "" || value.includes("$(") ? undefined : value;
        };
        const [resourceGroup, workspace] = [textOf("resourceGroup"), textOf("workspace")];
        return declared.flatMap((input): AskedConnection[] => {
          const type = /^connectedService:([^:]+)/i.exec(input.type)?.[1]?.toLowerCase();
          const text = step.inputs.find(({ name }) =>
            [input.name, ...(input.aliases ?? [])].some((one) => one.toLowerCase() === name.value.trim().toLowerCase()),
          )?.value;
          if (type === undefined || text === undefined) return [];
          const names = expandMacros(text.value, lookup).split(",");
          return names
            .map((one) => one.trim())
            .filter((one) => one !== "" && !one.includes("$("))
            .map((name) => ({
              ...{ name, type, place: text.place, task },
              ...(resourceGroup === undefined ? {} : { resourceGroup }),
              ...(workspace === undefined ? {} : { workspace }),
              takesWorkspace: declared.some((one) => one.name === "workspace"),
            }));
        });
      });
    }),
  );
}

const withoutPublisher = (task: string): string => task.replace(/^[^@]*\./, "").toLowerCase();
