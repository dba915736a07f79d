// Our tasks as JSON schema, in the form of the Azure Pipelines schema: what `task:` may say, and what `inputs:` each task takes.
import { defaultOf, isEditable, optionKeys, type TaskFolder, type TaskInput } from "../generate/task-json.ts";

/** A schema with the keywords that azure-pipelines-language-service adds: firstProperty, ignoreCase, aliases, doNotSuggest. */
export interface Schema {
  [keyword: string]: unknown;
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  definitions?: Record<string, Schema>;
}

export interface TaskSchemas {
  /** For `definitions.task.properties.task.anyOf`: the references that are known. */
  readonly references: Schema[];
  /** For `definitions.task.anyOf`: a whole step of each task. */
  readonly steps: Schema[];
}

/** @param extension full name of the extension, `publisher.id`: a task may be called by it too */
export function taskSchemas(tasks: readonly TaskFolder[], extension: string): TaskSchemas {
  const named = tasks.map(({ folder, json }) => {
    const contribution = `${extension}.${folder.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}`;
    const major = json.version.Major;
    const short = `${json.name}@${major}`;
    return { json, short, long: `${contribution}.${json.name}@${major}` };
  });
  return {
    references: named.map(({ json, short, long }) => ({
      description: json.description,
      ignoreCase: "value",
      enum: [short, long],
    })),
    steps: named.map(({ json, short, long }) => {
      const needed = json.inputs.filter(isAlwaysNeeded).map(({ name }) => name);
      return {
        properties: {
          task: {
            description: `${json.friendlyName}\n\n${json.description}`,
            ignoreCase: "value",
            pattern: `^(${[short, long].map(literal).join("|")})$`,
          },
          inputs: {
            description: `${json.friendlyName} inputs`,
            properties: Object.fromEntries(json.inputs.map((input) => [input.name, inputSchema(input)])),
            additionalProperties: false,
            ...(needed.length === 0 ? {} : { required: needed }),
          },
        },
        doNotSuggest: false,
        firstProperty: ["task"],
        required: needed.length === 0 ? ["task"] : ["task", "inputs"],
      };
    }),
  };
}

const literal = (text: string) => text.replace(/[.]/g, "\\$&");

/** A schema cannot require an input that depends on another one. */
const isAlwaysNeeded = (input: TaskInput) =>
  input.required === true && defaultOf(input) === undefined && input.visibleRule === undefined;

const EXPRESSION: Schema = { type: "string", pattern: "\\$[({[]" };

function inputSchema(input: TaskInput): Schema {
  const description = [input.label, input.helpMarkDown].filter((part) => part).join("\n\n");
  const options = isEditable(input) ? undefined : optionKeys(input);
  // A macro or an expression stands for one of them.
  if (options) return { description, ignoreCase: "key", anyOf: [{ ignoreCase: "all", enum: options }, EXPRESSION] };
  const type = input.type === "boolean" ? "boolean" : input.type === "int" ? "integer" : "string";
  return { type, description, ignoreCase: "key" };
}
