// tasks/<Name>/contract.gen.ts: input and output types of a task, and the fields that their reader goes by.
import type { InputField, OutputField } from "../../lib/agent/inputs.ts";
import {
  defaultOf,
  isEditable,
  isPicker,
  maximumOf,
  optionKeys,
  parseVisibleRule,
  type TaskFolder,
  type TaskInput,
} from "./taskJson.ts";

export function contractFile({ folder, json }: TaskFolder): string {
  const outputs = (json.outputVariables ?? []).map(outputField);
  const version = `${json.version.Major}.${json.version.Minor}.${json.version.Patch}`;
  const lines = [
    `// Made from tasks/${folder}/task.json by \`npm run generate\`: change that file, not this one.`,
    'import { type Contract, contractOf } from "../../lib/agent/inputs.ts";',
    "",
    ...inputTypes(json.inputs),
    "",
    "export interface Outputs {",
    ...(json.outputVariables ?? []).flatMap((output, index) => [
      `  /** ${output.description} */`,
      `  ${output.name}: ${OUTPUT_TYPES[outputs[index]?.type ?? "string"]};`,
    ]),
    "}",
    "",
    "export const contract: Contract<Inputs, Outputs> = contractOf({",
    `  task: ${literal({ id: json.id, name: json.name, friendlyName: json.friendlyName, version })},`,
    "  inputs: [",
    ...json.inputs.map((input) => `    ${literal(inputField(input))},`),
    "  ],",
    "  outputs: [",
    ...outputs.map((output) => `    ${literal(output)},`),
    "  ],",
    "});",
    "",
  ];
  return lines.join("\n");
}

const OUTPUT_TYPES = {
  string: "string",
  boolean: "boolean",
  json: "Readonly<Record<string, string | number>>",
} as const;

/** task.json knows no types of outputs, so that their descriptions tell: "`true` when ...", "... as JSON". */
export function outputField(output: { name: string; description: string }): OutputField {
  const { name, description } = output;
  return {
    name,
    type: description.startsWith("`true`") ? "boolean" : /\bas JSON\b/.test(description) ? "json" : "string",
  };
}

export function inputField(input: TaskInput): InputField {
  const maximum = maximumOf(input);
  const preset = defaultOf(input);
  const options = optionKeys(input);
  return {
    name: input.name,
    ...(input.aliases === undefined ? {} : { aliases: input.aliases }),
    type: typeOfField(input),
    ...(input.required ? { required: true } : {}),
    ...(preset === undefined ? {} : { default: preset }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(options === undefined ? {} : { options }),
    ...(isEditable(input) && !isPicker(input) ? { editable: true } : {}),
    ...(input.visibleRule === undefined ? {} : { visible: parseVisibleRule(input.visibleRule) }),
  };
}

function typeOfField(input: TaskInput): InputField["type"] {
  if (input.type.startsWith("connectedService:")) return "connection";
  return isPicker(input) ? "string" : (input.type as InputField["type"]);
}

/**
 * Inputs that hang on one pick list or switch become a union told apart by it, so that a story that has asked
 * `inputs.source === "file"` finds `dataFile` to be there. Any other rule makes its input `| undefined`.
 */
function inputTypes(inputs: readonly TaskInput[]): string[] {
  const selectors = new Map<string, TaskInput[]>();
  for (const input of inputs) {
    const selector = selectorOf(input, inputs);
    if (selector !== undefined) selectors.set(selector, [...(selectors.get(selector) ?? []), input]);
  }
  const isDependent = (input: TaskInput) => [...selectors.values()].some((dependents) => dependents.includes(input));
  const plain = inputs.filter((input) => !selectors.has(input.name) && !isDependent(input));
  const unions = [...selectors].map(([name, dependents]) => ({ name, typeName: capital(name), dependents }));
  const lines: string[] = [];
  for (const { name, typeName, dependents } of unions) {
    const selector = inputs.find((input) => input.name === name)!;
    lines.push(`/** ${selector.label}: ${selector.helpMarkDown ?? ""} */`, `export type ${typeName} =`);
    for (const value of valuesOf(selector)) {
      lines.push("  | {", `      ${name}: ${selector.type === "boolean" ? value : JSON.stringify(value)};`);
      for (const dependent of dependents) {
        if (!shows(dependent, value)) lines.push(`      ${dependent.name}: undefined;`);
        else
          lines.push(`      /** ${dependent.helpMarkDown} */`, `      ${dependent.name}: ${typeOf(dependent, false)};`);
      }
      lines.push("    }");
    }
    lines[lines.length - 1] += ";";
    lines.push("");
  }
  lines.push(unions.length === 0 ? "export interface Inputs {" : "export type Inputs = {");
  for (const input of plain) {
    lines.push(`  /** ${input.helpMarkDown} */`, `  ${input.name}: ${typeOf(input, input.visibleRule !== undefined)};`);
  }
  lines.push(unions.length === 0 ? "}" : `} & ${unions.map((union) => union.typeName).join(" & ")};`);
  return lines;
}

/** The input that alone decides whether this one is visible, if its values can be counted. */
function selectorOf(input: TaskInput, inputs: readonly TaskInput[]): string | undefined {
  if (input.visibleRule === undefined) return undefined;
  const names = new Set(
    parseVisibleRule(input.visibleRule)
      .flat()
      .map(([name]) => name),
  );
  const [name] = names;
  const selector = inputs.find((one) => one.name === name);
  if (names.size !== 1 || selector === undefined || isEditable(selector) || valuesOf(selector).length === 0)
    return undefined;
  return name;
}

const valuesOf = (input: TaskInput): string[] =>
  input.type === "boolean" ? ["true", "false"] : (optionKeys(input) ?? []);

const shows = (input: TaskInput, value: string): boolean =>
  parseVisibleRule(input.visibleRule ?? "").some((all) =>
    all.every(([, operator, wanted]) => (wanted.toLowerCase() === value.toLowerCase()) === (operator === "=")),
  );

function typeOf(input: TaskInput, mayHide: boolean): string {
  const options = optionKeys(input);
  const type =
    input.type === "boolean"
      ? "boolean"
      : input.type === "int"
        ? "number"
        : options && !isEditable(input)
          ? options.map((option) => JSON.stringify(option)).join(" | ")
          : "string";
  const always = input.required || defaultOf(input) !== undefined || input.type === "boolean";
  return always && !mayHide ? type : `${type} | undefined`;
}

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** JSON with the spacing of the project and bare keys. */
const literal = (value: unknown): string =>
  JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"([A-Za-z]\w*)": /g, "$1: ")
    .replace(/\[ /g, "[")
    .replace(/ \]/g, "]");
