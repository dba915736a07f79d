// The parts of tasks/<Name>/README.md that follow from task.json: a step to paste, and the tables.
import { parse } from "yaml";
import {
  defaultOf,
  groupAnchor,
  optionKeys,
  parseVisibleRule,
  runsOnAgent,
  type TaskFolder,
  type TaskInput,
  type TaskJson,
} from "./task-json.ts";

/** The README's text with what stands between the marks replaced. @throws Error when a pair of marks is missing */
export function readmeFile(text: string, { folder, json }: TaskFolder): string {
  const parts = { usage: usage(json), inputs: inputTable(json), outputs: outputTable(json) };
  let result = text;
  for (const [name, content] of Object.entries(parts)) {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [result.indexOf(start), result.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`tasks/${folder}/README.md: the marks ${start} and ${end} are missing.`);
    result = `${result.slice(0, from + start.length)}\n${content}\n${result.slice(to)}`;
  }
  return result;
}

/** Example values for inputs whose name does not tell what to write. */
const EXAMPLES: Record<string, string> = {
  azureSubscription: "azureml-connection",
  workspaceConnection: "azureml-workspace",
  resourceGroup: "rg-ml",
  workspace: "ws-ml",
  dataFile: "data.yml",
  jobFile: "job.yml",
  file: "azureml/workspace",
  endpointFile: "endpoint.yml",
  deploymentFile: "deployment.yml",
  requestFile: "request.json",
  modelPath: "model",
  jobName: "$(train.jobName)",
  rules: "|\n  metrics.accuracy >= 0.9",
  endpointName: "my-endpoint",
  monitorName: "my-model-drift",
  name: "breast-cancer",
  modelName: "breast-cancer",
  deploymentName: "model-3",
  pipelineToStart: "breast-cancer-release",
  releaseDefinition: "Release the model",
  artifactAlias: "_model",
  modelVersion: "3",
  signedBy: "https://contoso.vault.azure.net/keys/models",
  path: "data",
  challengerModel: "job:$(train.jobName)/model",
  championModel: "endpoint:breast-cancer",
  testData: "azureml:breast-cancer-holdout@latest",
  targetColumn: "malignant",
  jobEnvironment: "azureml:breast-cancer-scoring:3",
  monitor: "my-model-drift",
  endpointPatterns: '"pr-*"',
  targetRegistry: "models-of-contoso",
  input: "data",
};

/** Not required, but always recommended: shown as if it were required. */
const isUsual = (input: TaskInput): boolean => input.properties?.["Usual"] === "true";

/** A step with every required input, and the others as remarks with their defaults. */
function usage(json: TaskJson): string {
  const lines = [`- task: ${json.name}@${json.version.Major}`];
  const inputs: string[] = [];
  for (const input of json.inputs) {
    const preset = defaultOf(input);
    const counts = countsByDefault(input, json);
    const needed = (input.required && counts && preset === undefined) || isUsual(input);
    const value = preset === undefined ? (EXAMPLES[input.name] ?? "") : scalar(preset);
    const [first, ...rest] = `${input.name}: ${value}`.split("\n");
    const note = remark(input, preset, counts);
    const head = `    ${needed ? "" : "# "}${first}`.trimEnd();
    inputs.push(note === "" ? head : `${head} ${note}`, ...rest.map((line) => `    ${needed ? "" : "# "}${line}`));
  }
  // A mapping of remarks alone is none.
  const hasAny = inputs.some((line) => !line.trimStart().startsWith("#"));
  lines.push(hasAny ? "  inputs:" : "  # inputs:", ...inputs);
  return ["```yaml", ...(runsOnAgent(json) ? lines : agentless(lines)), "```"].join("\n");
}

/** A server task runs in a job of its own kind, which is cancelled after an hour where it does not say otherwise. */
function agentless(lines: readonly string[]): string[] {
  const job = ["jobs:", "  - job: server", "    pool: server", "    timeoutInMinutes: 0", "    steps:"];
  // Outputs of another job come in as variables: `$[ dependencies.<job>.outputs['train.jobName'] ]`.
  return [...job, ...lines.map((line) => `      ${line.replace("$(train.jobName)", "$(jobName)")}`)];
}

/** A default as YAML takes it: `**` alone would be an alias. */
function scalar(text: string): string {
  try {
    return parse(text, { schema: "failsafe" }) === text ? text : JSON.stringify(text);
  } catch {
    return JSON.stringify(text);
  }
}

/** Visible while every input has its default. */
function countsByDefault(input: TaskInput, json: TaskJson): boolean {
  if (input.visibleRule === undefined) return true;
  const presetOf = (name: string) => defaultOf(json.inputs.find((one) => one.name === name)!) ?? "";
  return parseVisibleRule(input.visibleRule).some((all) =>
    all.every(([name, operator, value]) => (presetOf(name) === value) === (operator === "=")),
  );
}

function remark(input: TaskInput, preset: string | undefined, counts: boolean): string {
  const options = optionKeys(input);
  const rule = input.visibleRule === undefined || counts ? "" : `where ${sayRule(input.visibleRule)}`;
  const words = [options?.join(" | ") ?? "", rule].filter((word) => word !== "");
  if (words.length === 0 || (preset === undefined && input.type === "multiLine")) return "";
  return `# ${words.join("; ")}`;
}

function inputTable(json: TaskJson): string {
  const rows = json.inputs.map((input) => {
    const preset = defaultOf(input);
    const options = optionKeys(input);
    const need = input.required ? (input.visibleRule ? `where ${sayRule(input.visibleRule)}` : "yes") : "";
    const condition = !input.required && input.visibleRule ? ` Counts where ${sayRule(input.visibleRule)}.` : "";
    const choices = options
      ? ` One of ${Object.entries(input.options ?? {})
          .map(([key, label]) => `\`${key}\` (${label})`)
          .join(", ")}.`
      : "";
    return `| \`${input.name}\` | ${input.label} | ${cell(`${input.helpMarkDown}${choices}${condition}`)} | ${need} | ${preset === undefined ? "" : `\`${preset}\``} |`;
  });
  const table = (some: readonly string[]) =>
    ["| Input | Label | What it is | Required | Default |", "| --- | --- | --- | --- | --- |", ...some].join("\n");
  const groups = [undefined, ...(json.groups ?? []).map(({ name }) => name)];
  return groups
    .flatMap((group) => {
      const some = rows.filter((_, at) => json.inputs[at]?.groupName === group);
      if (some.length === 0) return [];
      const heading = json.groups?.find(({ name }) => name === group)?.displayName;
      // The packaged task links to the anchor.
      return [...(heading === undefined ? [] : [`<a id="${groupAnchor(group)}"></a>**${heading}**`]), table(some)];
    })
    .join("\n\n");
}

function outputTable(json: TaskJson): string {
  const outputs = json.outputVariables ?? [];
  if (outputs.length === 0) return "None.";
  const rows = outputs.map((output) => `| \`${output.name}\` | ${cell(output.description)} |`);
  return ["| Output variable | What it is |", "| --- | --- |", ...rows].join("\n");
}

const sayRule = (rule: string): string =>
  parseVisibleRule(rule)
    .map((all) =>
      all
        .map(([name, operator, value]) => `\`${name}\` is ${operator === "=" ? "" : "not "}\`${value}\``)
        .join(" and "),
    )
    .join(" or ");

const cell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\n/g, " ");
