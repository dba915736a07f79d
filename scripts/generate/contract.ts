// tasks/<Name>/contract.gen.ts: input and output types of a task, and the fields that their reader uses. What tasks
// share stands in tasks/shared/inputs.gen.ts.
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
} from "./task-json.ts";

/** The common parts of the generated contracts, by name. */
export interface SharedTypes {
  /** Types of inputs that are told apart by one of them. */
  readonly unions: ReadonlyMap<string, string>;
  /** Members of `Inputs`. */
  readonly members: ReadonlyMap<string, string>;
  /** Fields of the reader. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names of fields that stand together: those of a union, with the input that tells its types apart first. */
  readonly groups: ReadonlyMap<string, string>;
}

const NOTHING_SHARED: SharedTypes = { unions: new Map(), members: new Map(), fields: new Map(), groups: new Map() };

/** Types that at least two tasks share. */
export function sharedTypes(tasks: readonly TaskFolder[]): SharedTypes {
  const all = tasks.map(({ json }) => piecesOf(json.inputs));
  const fields = repeated(all.map((one) => one.fields));
  const groups = [...repeated(all.map((one) => one.groups))];
  return {
    unions: repeated(all.map(({ unions }) => unions)),
    members: repeated(all.map(({ members }) => members)),
    fields,
    groups: new Map(groups.filter(([, names]) => names.split(", ").every((name) => fields.has(name)))),
  };
}

/** Of each name the text that the most tasks have, where two have it. */
function repeated(all: readonly ReadonlyMap<string, string>[]): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const [name, text] of all.flatMap((one) => [...one])) {
    const texts = counts.get(name) ?? new Map<string, number>();
    counts.set(name, texts.set(text, (texts.get(text) ?? 0) + 1));
  }
  return new Map(
    [...counts].flatMap(([name, texts]) => {
      const [most] = [...texts].sort(([, a], [, b]) => b - a);
      return most !== undefined && most[1] > 1 ? [[name, most[0]] as const] : [];
    }),
  );
}

/** tasks/shared/inputs.gen.ts */
export function sharedFile({ unions, members, fields, groups }: SharedTypes): string {
  return [
    "// Made from what the tasks' contract.json have in common by `npm run generate`: change tasks/shared/inputs.json, not this file.",
    'import type { InputField } from "../../lib/agent/inputs.ts";',
    "",
    ...[...unions.values()].flatMap((text) => [text, ""]),
    "export interface SharedInputs {",
    ...members.values(),
    "}",
    "",
    ...[...fields].map(([name, text]) => `export const ${name}: InputField = ${text};`),
    ...[...groups].map(([name, names]) => `export const ${name}: readonly InputField[] = [${names}];`),
    "",
  ].join("\n");
}

/** tasks/<Name>/contract.gen.ts; what is `shared` comes from tasks/shared/inputs.gen.ts. */
export function contractFile({ folder, json }: TaskFolder, shared: SharedTypes = NOTHING_SHARED): string {
  const outputs = (json.outputVariables ?? []).map(outputField);
  const version = `${json.version.Major}.${json.version.Minor}.${json.version.Patch}`;
  const { unions, members, fields, groups } = piecesOf(json.inputs);
  const isShared = (of: keyof SharedTypes, name: string, text: string) => shared[of].get(name) === text;
  const ownUnions = [...unions].filter(([name, text]) => !isShared("unions", name, text));
  const sharedUnions = [...unions].filter(([name, text]) => isShared("unions", name, text)).map(([name]) => name);
  const ownMembers = [...members].filter(([name, text]) => !isShared("members", name, text)).map(([, text]) => text);
  const picked = [...members].filter(([name, text]) => isShared("members", name, text)).map(([name]) => name);
  const types = [...sharedUnions, ...(picked.length > 0 ? ["SharedInputs"] : [])];
  const usesFields = [...fields].some(([name, text]) => isShared("fields", name, text));
  /** The entries of `inputs`: a shared group as one, and each other field by itself. */
  const listedFields = () => {
    const grouped = new Set<string>();
    return [...fields].flatMap(([name, text]) => {
      for (const [group, joined] of groups) {
        const names = joined.split(", ");
        const allShared = names.every((one) => isShared("fields", one, fields.get(one) ?? ""));
        if (names[0] !== name || !allShared || !isShared("groups", group, joined)) continue;
        for (const one of names) grouped.add(one);
        return [`    ...shared.${group},`];
      }
      return grouped.has(name) ? [] : [`    ${isShared("fields", name, text) ? `shared.${name}` : text},`];
    });
  };
  const parts = [
    ...(picked.length > 0 ? [`Pick<SharedInputs, ${picked.map((name) => JSON.stringify(name)).join(" | ")}>`] : []),
    ...(ownMembers.length > 0 ? [`{\n${ownMembers.join("\n")}\n}`] : []),
    ...unions.keys(),
  ];
  const lines = [
    `// Made from tasks/${folder}/task.json by \`npm run generate\`: change tasks/${folder}/contract.json, not this file.`,
    'import { type Contract, contractOf } from "../../lib/agent/inputs.ts";',
    ...(types.length > 0 ? [`import type { ${types.join(", ")} } from "../shared/inputs.gen.ts";`] : []),
    ...(usesFields ? ['import * as shared from "../shared/inputs.gen.ts";'] : []),
    "",
    ...ownUnions.flatMap(([, text]) => [text, ""]),
    parts.length === 1 && ownMembers.length > 0
      ? `export interface Inputs {\n${ownMembers.join("\n")}\n}`
      : `export type Inputs = ${parts.join(" & ")};`,
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
    ...listedFields(),
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

function inputField(input: TaskInput): InputField {
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
 * Inputs that depend on one pick list or switch become a union discriminated by it, so that a story that has tested
 * `inputs.source === "file"` finds `dataFile` to be there. Any other rule makes its input `| undefined`.
 */
function piecesOf(inputs: readonly TaskInput[]): SharedTypes {
  const selectors = new Map<string, TaskInput[]>();
  for (const input of inputs) {
    const selector = selectorOf(input, inputs);
    if (selector !== undefined) selectors.set(selector, [...(selectors.get(selector) ?? []), input]);
  }
  const isDependent = (input: TaskInput) => [...selectors.values()].some((dependents) => dependents.includes(input));
  const plain = inputs.filter((input) => !selectors.has(input.name) && !isDependent(input));
  const unions = [...selectors].map(([name, dependents]) => {
    const selector = inputs.find((input) => input.name === name)!;
    return [capital(name), unionOf(selector, dependents)] as const;
  });
  const members = plain.map(
    (input) =>
      [
        input.name,
        `  /** ${input.helpMarkDown} */\n  ${input.name}: ${typeOf(input, input.visibleRule !== undefined)};`,
      ] as const,
  );
  const fields = inputs.map((input) => [input.name, literal(inputField(input))] as const);
  const groups = [...selectors].flatMap(([name, dependents]) => {
    const names = [name, ...dependents.map((one) => one.name)];
    const first = inputs.findIndex((input) => input.name === name);
    const standTogether = names.every((one, index) => inputs[first + index]?.name === one);
    return standTogether ? [[`${name}Inputs`, names.join(", ")] as const] : [];
  });
  return { unions: new Map(unions), members: new Map(members), fields: new Map(fields), groups: new Map(groups) };
}

function unionOf(selector: TaskInput, dependents: readonly TaskInput[]): string {
  const { name } = selector;
  const lines = [`/** ${selector.label}: ${selector.helpMarkDown ?? ""} */`, `export type ${capital(name)} =`];
  for (const value of valuesOf(selector)) {
    lines.push("  | {", `      ${name}: ${selector.type === "boolean" ? value : JSON.stringify(value)};`);
    for (const dependent of dependents) {
      if (!shows(dependent, value)) lines.push(`      ${dependent.name}: undefined;`);
      else
        lines.push(`      /** ${dependent.helpMarkDown} */`, `      ${dependent.name}: ${typeOf(dependent, false)};`);
    }
    lines.push("    }");
  }
  return `${lines.join("\n")};`;
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
