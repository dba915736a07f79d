// Inputs and outputs of a task: the reader of the contract that is generated from task.json. Contracts import nothing but this file.
import { TaskError, throwFaults } from "../errors.ts";

/** A source of inputs: the agent, or a plain object in tests. */
export interface InputSource {
  /** The trimmed value, or undefined where it is empty. */
  input(name: string): string | undefined;
  /** False where a `filePath` input was left empty: the agent then hands over the sources directory (docs/facts/agent.md#1.6). */
  filePathSupplied(name: string): boolean;
  /** Told of an input that was given and does not count. */
  warn?(line: string): void;
}

type InputType = "string" | "multiLine" | "boolean" | "int" | "pickList" | "filePath" | "connection";

/** `input operator value`, as in task.json's visibleRule. */
export type Condition = readonly [input: string, operator: "=" | "!=", value: string];

export interface InputField {
  readonly name: string;
  /**
   * Other names it may come by. In YAML the server has put the name in their place; what it fills in itself, for the
   * download of a release artifact, may come as it stands.
   */
  readonly aliases?: readonly string[];
  readonly type: InputType;
  readonly required?: true;
  readonly default?: string;
  /** The largest number that an int may be; none is below 0. */
  readonly maximum?: number;
  /** The keys of a pickList. */
  readonly options?: readonly string[];
  /** The pickList also takes free text (`EditableOptions`). */
  readonly editable?: true;
  /** Visible while, in at least one of these groups, every condition holds. Absent: always. */
  readonly visible?: readonly (readonly Condition[])[];
}

type OutputType = "string" | "boolean" | "json";
export interface OutputField {
  readonly name: string;
  readonly type: OutputType;
}
/** The value of an output variable; an object becomes JSON, and each of its entries a variable `<output>.<entry>`. */
export type OutputValue = string | boolean | Readonly<Record<string, string | number>>;

export interface TaskIdentity {
  readonly id: string;
  /** `AzureML<Folder>` */
  readonly name: string;
  readonly friendlyName: string;
  readonly version: string;
}

export interface ContractFields {
  readonly task: TaskIdentity;
  readonly inputs: readonly InputField[];
  readonly outputs: readonly OutputField[];
}

export interface Contract<Inputs, Outputs> extends ContractFields {
  /** @throws TaskErrors kind `input` that name every input at fault. */
  read(source: InputSource): Inputs;
  /** Phantom field: it is never set and only carries the type of the outputs. */
  readonly Outputs?: Outputs;
}

type InputValue = string | boolean | number | undefined;

/** The contract of `fields`. Only generated files call it: they make sure that the types and the fields say the same. */
export function contractOf<Inputs, Outputs>(fields: ContractFields): Contract<Inputs, Outputs> {
  return { ...fields, read: (source) => readInputs(fields.inputs, source) as Inputs };
}

function readInputs(fields: readonly InputField[], source: InputSource): Record<string, InputValue> {
  const given = new Map(fields.map((field) => [field.name, valueGiven(field, source)]));
  const effective = (name: string) =>
    (given.get(name) ?? fields.find((field) => field.name === name)?.default ?? "").toLowerCase();
  const visible = (field: InputField) =>
    field.visible?.some((all) =>
      all.every(([input, operator, value]) => (effective(input) === value.toLowerCase()) === (operator === "=")),
    ) ?? true;

  const faults: TaskError[] = [];
  const values: Record<string, InputValue> = {};
  for (const field of fields) {
    const text = given.get(field.name);
    if (!visible(field)) {
      values[field.name] = undefined;
      if (text !== undefined && text !== field.default) {
        source.warn?.(`Input ${field.name} is ignored: it counts only where ${sayRule(field)}.`);
      }
      continue;
    }
    try {
      values[field.name] = parse(field, text ?? field.default, fields, given);
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      faults.push(error);
    }
  }
  throwFaults(faults);
  return values;
}

function valueGiven(field: InputField, source: InputSource): string | undefined {
  if (field.type === "filePath" && !source.filePathSupplied(field.name)) return undefined;
  return [field.name, ...(field.aliases ?? [])].map((name) => source.input(name)).find((text) => text !== undefined);
}

function parse(
  field: InputField,
  text: string | undefined,
  fields: readonly InputField[],
  given: ReadonlyMap<string, string | undefined>,
): InputValue {
  if (text === undefined) {
    if (field.required) throw missing(field, fields, given);
    return field.type === "boolean" ? false : undefined;
  }
  if (field.type !== "multiLine" && /^\$\([^()\s][^()]*\)$/.test(text)) {
    throw fault(
      `Input ${field.name} is ${text}, a variable that has no value here.`,
      "Check the variable's name, and for the output of a step its `name:`; outputs of another job or stage are mapped in `variables:`.",
    );
  }
  switch (field.type) {
    case "boolean": {
      const word = text.toLowerCase();
      if (word === "true" || word === "false") return word === "true";
      throw fault(`Input ${field.name} is "${text}", which is neither true nor false.`);
    }
    case "int":
      return parseNumber(field, text);
    case "pickList": {
      const options = field.options ?? [];
      const key = options.find((option) => option.toLowerCase() === text.toLowerCase());
      if (key !== undefined) return key;
      if (field.editable) return text;
      throw fault(`Input ${field.name} is "${text}"; it can be ${list(options)}.`);
    }
    default:
      return text;
  }
}

function parseNumber({ name, maximum }: InputField, text: string): number {
  const isWhole = /^\d{1,15}$/.test(text);
  if (isWhole && (maximum === undefined || Number(text) <= maximum)) return Number(text);
  const shown = isWhole ? text : `"${text}"`;
  // A digit and something behind it: most likely a number with its unit.
  const hint = /^\d+\s*[^\d\s.,]/.test(text) ? "Write the digits alone, without a unit or a percent sign." : undefined;
  if (maximum === undefined) throw fault(`Input ${name} is ${shown}, which is no whole number of at least 0.`, hint);
  throw fault(`Input ${name} is ${shown}; it must be ${isWhole ? "" : "a whole number from "}0 to ${maximum}.`, hint);
}

function missing(
  field: InputField,
  fields: readonly InputField[],
  given: ReadonlyMap<string, string | undefined>,
): TaskError {
  const rule = field.visible === undefined ? "" : `, and is needed where ${sayRule(field)}`;
  // Someone who filled in the other branch's inputs has most likely forgotten the selector.
  const selector = field.visible?.[0]?.[0]?.[0];
  const other = fields.find((one) => {
    const condition = one.visible?.[0]?.[0];
    return given.get(one.name) !== undefined && condition?.[0] === selector && !sameRule(one, field);
  });
  const hint =
    other?.visible === undefined ? undefined : `For ${other.name} to count, set it so that ${sayRule(other)}.`;
  return fault(`Input ${field.name} is empty${rule}.`, hint);
}

const sameRule = (a: InputField, b: InputField) => JSON.stringify(a.visible) === JSON.stringify(b.visible);

function sayRule(field: InputField): string {
  const groups = (field.visible ?? []).map((all) =>
    all.map(([input, operator, value]) => `${input} is ${operator === "=" ? "" : "not "}${value}`).join(" and "),
  );
  return groups.join(", or ");
}

const list = (words: readonly string[]) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;

const fault = (message: string, hint?: string) =>
  new TaskError("input", message, { errorCode: "AML1301", ...(hint === undefined ? {} : { hint }) });
