// Reads a release definition as Azure DevOps exports it; throws a PipelineError with every fault. Field names are those of
// azure-devops-node-api's ReleaseInterfaces; what local releases do not have is refused by name and line.
import { checkExpression } from "../../expressions/evaluate.ts";
import { ExpressionError, parseExpression } from "../../expressions/expression.ts";
import { PipelineError } from "../language/faults.ts";
import type {
  ArtifactSource,
  DeployPhase,
  EnvironmentDocument,
  GatesDocument,
  ReleaseDocument,
  ReleaseVariable,
  TaskCondition,
  WorkflowTask,
} from "./document.ts";
import { JsonSource, type JsonValue } from "./json.ts";

/** Keys for its author, its display and its retention: a run ignores them. */
const SILENT = {
  definition: [
    ...["source", "revision", "description", "createdBy", "createdOn", "modifiedBy", "modifiedOn", "isDeleted"],
    ...["isDisabled", "lastRelease", "releaseNameFormat", "tags", "pipelineProcess", "properties", "id", "path"],
    ...["projectReference", "url", "_links", "retentionPolicy", "comment", "triggers"],
  ],
  environment: [
    ...["owner", "environmentOptions", "demands", "executionPolicy", "schedules", "currentRelease", "retentionPolicy"],
    ...["properties", "environmentTriggers", "badgeUrl", "queueId", "runOptions", "deployStep"],
  ],
  phase: ["rank", "refName", "phaseType"],
  input: ["parallelExecution", "agentSpecification", "imageId", "demands", "enableAccessToken", "queueId"],
  task: ["definitionType", "checkConfig"],
} as const;

const STATUS_FUNCTIONS = ["succeeded", "failed", "canceled", "always", "succeededOrFailed"];

export function readReleaseDefinition(file: string, text: string): ReleaseDocument {
  const source = new JsonSource(file, text);
  const { root } = source;
  const document: ReleaseDocument = {
    file,
    name: required(root.at("name")),
    variables: readVariables(root.at("variables")),
    artifacts: root.at("artifacts").items.map(readArtifact),
    environments: root
      .at("environments")
      .items.map((environment) => ({ rank: environment.at("rank").number ?? 0, read: readEnvironment(environment) }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ read }) => read),
  };
  refuseGroups(root.at("variableGroups"));
  root.finish(SILENT.definition);
  if (document.environments.length === 0) root.fault("A release definition needs an environment.");
  for (const { after, name, place } of document.environments) {
    for (const other of after) {
      if (!document.environments.some((one) => one.name.toLowerCase() === other.toLowerCase()))
        source.fault(place, `The environment '${name}' waits for '${other}', which is not there.`);
    }
  }
  if (source.faults.length > 0) throw new PipelineError(source.faults);
  return document;
}

function required(value: JsonValue): string {
  const { text } = value;
  if (text === undefined || text === "") value.fault(`${value.what} is missing.`);
  return text ?? "";
}

function readVariables(variables: JsonValue): ReleaseVariable[] {
  return variables.entries.map(([name, value]) => {
    const secret = value.at("isSecret").boolean ?? false;
    const text = value.at("value").text;
    value.finish(["allowOverride"]);
    return { name, value: secret ? text : (text ?? ""), secret, place: value.place };
  });
}

function refuseGroups(groups: JsonValue): void {
  for (const group of groups.items)
    group.fault("Variable groups are not built in local releases: give the release these variables.");
}

function readArtifact(artifact: JsonValue): ArtifactSource {
  const references = artifact.at("definitionReference").entries.map(([key, value]) => {
    const reference = { id: value.at("id").text ?? "", name: value.at("name").text ?? "" };
    value.finish([]);
    return [key, reference] as const;
  });
  const read = {
    alias: required(artifact.at("alias")),
    type: required(artifact.at("type")),
    isPrimary: artifact.at("isPrimary").boolean ?? false,
    definitionReference: Object.fromEntries(references),
    place: artifact.place,
  };
  artifact.finish(["sourceId", "isRetained"]);
  return read;
}

function readEnvironment(environment: JsonValue): EnvironmentDocument {
  for (const key of ["preDeployApprovals", "postDeployApprovals"]) {
    for (const approval of environment.at(key).at("approvals").items) {
      if (approval.at("isAutomated").boolean !== true)
        approval.fault(`${key} by people are not built in local releases: there is nobody who approves.`);
    }
  }
  for (const gate of environment.at("postDeploymentGates").at("gates").items)
    gate.fault("Gates after a stage are not built in local releases; those before it are.");
  refuseGroups(environment.at("variableGroups"));
  const inputs = environment.at("processParameters");
  for (const input of inputs.at("inputs").items) input.fault("Process parameters are not built in local releases.");
  const conditions = environment.at("conditions").items.map(readCondition);
  const read: EnvironmentDocument = {
    id: environment.at("id").number ?? 0,
    name: required(environment.at("name")),
    after: conditions.flatMap((condition) => (condition?.after === undefined ? [] : [condition.after])),
    isManual: conditions.length === 0,
    variables: readVariables(environment.at("variables")),
    gates: readGates(environment.at("preDeploymentGates")),
    phases: environment
      .at("deployPhases")
      .items.map((phase) => ({ rank: phase.at("rank").number ?? 0, read: readPhase(phase) }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ read }) => read),
    place: environment.place,
  };
  environment.finish(SILENT.environment);
  return read;
}

/** The defaults are those of the editor: general knowledge, not verified against live Azure DevOps. */
function readGates(step: JsonValue): GatesDocument | undefined {
  const tasks = step.at("gates").items.flatMap((gate) => {
    const read = gate.at("tasks").items.map(readTask);
    gate.finish(["id"]);
    return read;
  });
  const options = step.at("gatesOptions");
  const read: GatesDocument = {
    tasks: tasks.filter(({ enabled }) => enabled),
    delay: options.at("stabilizationTime").number ?? 5,
    interval: options.at("samplingInterval").number ?? 15,
    timeout: options.at("timeout").number ?? 1440,
    steadyFor: options.at("minimumSuccessDuration").number ?? 0,
  };
  const isEnabled = options.at("isEnabled").boolean ?? true;
  if (!options.isMissing) options.finish([]);
  if (!step.isMissing) step.finish(["id"]);
  if (read.tasks.length > 0 && read.interval < 5) step.fault("Gates are asked every five minutes at most.");
  return isEnabled && read.tasks.length > 0 ? read : undefined;
}

/** Conditions are written as names or as numbers of the enumeration; an environment's state is 4 where it succeeded. */
function readCondition(condition: JsonValue): { readonly after?: string } | undefined {
  const type = (condition.at("conditionType").text ?? "").toLowerCase();
  const name = condition.at("name").text ?? "";
  const value = condition.at("value").text ?? "";
  condition.finish(["result"]);
  if ((type === "event" || type === "1") && /^releasestarted$/i.test(name)) return {};
  if (type === "environmentstate" || type === "2") {
    if (Number(value) !== 4) condition.fault(`Only the state 4 (succeeded) is built in local releases, not ${value}.`);
    return { after: name };
  }
  condition.fault(`Conditions of type '${type}' (${name}) are not built in local releases.`);
  return undefined;
}

function readPhase(phase: JsonValue): DeployPhase {
  const kind = phase.at("phaseType").text ?? "agentBasedDeployment";
  const runsOnServer = /^(runOnServer|2)$/i.test(kind);
  if (!runsOnServer && !/^(agentBasedDeployment|1)$/i.test(kind))
    phase.fault(`Jobs of type ${kind} are not built in local releases; there are agent jobs and agentless ones.`);
  const input = phase.at("deploymentInput");
  const parallel = input.at("parallelExecution").at("parallelExecutionType").text ?? "none";
  if (!/^(none|0)$/i.test(parallel)) input.fault(`Parallel execution (${parallel}) is not built in local releases.`);
  for (const [name, value] of input.at("overrideInputs").entries)
    value.fault(`overrideInputs (${name}) are not built in local releases.`);
  const downloads = input.at("artifactsDownloadInput").at("downloadInputs").items;
  const skipped = downloads.flatMap((download) => {
    const mode = download.at("artifactDownloadMode").text ?? "All";
    if (/^selective$/i.test(mode)) download.fault("Selective downloads of artifacts are not built in local releases.");
    return /^skip$/i.test(mode) ? [download.at("alias").text ?? ""] : [];
  });
  const read: DeployPhase = {
    name: phase.at("name").text ?? (runsOnServer ? "Agentless job" : "Agent job"),
    runsOnServer,
    condition: readExpression(input.at("condition"), STATUS_FUNCTIONS),
    timeoutInMinutes: input.at("timeoutInMinutes").number ?? 0,
    cancelTimeoutInMinutes: input.at("jobCancelTimeoutInMinutes").number ?? 1,
    skippedArtifacts: input.at("skipArtifactsDownload").boolean === true ? "all" : skipped,
    tasks: phase.at("workflowTasks").items.map(readTask),
    place: phase.place,
  };
  input.finish(SILENT.input);
  phase.finish(SILENT.phase);
  return read;
}

function readTask(task: JsonValue): WorkflowTask {
  const always = task.at("alwaysRun").boolean === true;
  const condition = task.at("condition");
  for (const [name, value] of task.at("overrideInputs").entries)
    value.fault(`overrideInputs (${name}) are not built in local releases.`);
  const kind = task.at("definitionType").text ?? "task";
  if (kind !== "task")
    task.fault(`A step of type ${kind} is not built in local releases; task groups are not expanded.`);
  const read: WorkflowTask = {
    taskId: required(task.at("taskId")).toLowerCase(),
    version: task.at("version").text ?? "1.*",
    displayName: task.at("name").text ?? "",
    refName: task.at("refName").text || undefined,
    enabled: task.at("enabled").boolean ?? true,
    continueOnError: task.at("continueOnError").boolean ?? false,
    timeoutInMinutes: task.at("timeoutInMinutes").number ?? 0,
    retryCountOnTaskFailure: task.at("retryCountOnTaskFailure").number ?? 0,
    condition:
      condition.isMissing && always
        ? { text: "always()", expression: parseExpression("always()") }
        : readExpression(condition, STATUS_FUNCTIONS),
    inputs: Object.fromEntries(
      task.at("inputs").entries.map(([name, value]) => [name, { value: value.text ?? "", place: value.place }]),
    ),
    environment: task.at("environment").texts,
    place: task.place,
  };
  task.finish(SILENT.task);
  return read;
}

function readExpression(value: JsonValue, functions: readonly string[]): TaskCondition | undefined {
  const { text } = value;
  if (text === undefined || text.trim() === "") return undefined;
  try {
    const expression = parseExpression(text);
    checkExpression(expression, ["variables"], functions);
    return { text, expression };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    value.fault(`The condition '${text}' cannot be read: ${error.message}`);
    return undefined;
  }
}
