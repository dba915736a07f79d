// Validation of a job's PUT. Not covered by recordings: every answer here is not verified against live Azure.
import { ArmError, notImplemented } from "../arm/errors.ts";
import { computeExists } from "../records/compute.ts";
import { durationMilliseconds } from "../records/durations.ts";
import type { CommandBody, JobBody, JobInput } from "../records/job.ts";
import { parseReference } from "../records/references.ts";
import { entriesFault, lengthFault } from "../tracking/limits.ts";
import type { AzureWorld } from "../world/world.ts";
import { refuseBadPipeline } from "./pipelines/refusals.ts";
import { undeclaredPlaceholders } from "./running/command-line.ts";
import { isImport } from "./running/simulated.ts";

/** Refuses a job of any kind. @throws ArmError 400 or 404, or 501 for a kind that local Azure does not know */
export function refuseBadJob(
  world: AzureWorld,
  name: string,
  properties: Record<string, unknown>,
): asserts properties is JobBody {
  refuseBadName(name);
  refuseOverLimits(properties);
  switch (properties["jobType"]) {
    case "Pipeline":
      refuseBadPipeline(world, properties);
      refuseBadInputs(world, properties);
      return;
    case "Sweep":
      refuseBadSweep(world, properties);
      return;
    case "Spark":
      requireFields(properties, ["codeId", "entry"]);
      refuseBadInputs(world, properties);
      return;
    case "AutoML":
      requireFields(properties, ["taskDetails"]);
      requireFields({ ...(properties["taskDetails"] as object) }, ["taskType", "trainingData"]);
      return;
    case "FineTuning":
      requireFields(properties, ["fineTuningDetails"]);
      return;
    case undefined:
    case "Command":
      refuseBadCommand(world, name, properties);
      return;
    default:
      throw notImplemented(`jobs of jobType ${String(properties["jobType"])}`);
  }
}

/** The limits of runs, of which a job is one. @throws ArmError 400 */
export function refuseOverLimits(sent: Readonly<Record<string, unknown>>): void {
  const entries = (key: string) => ({ ...(sent[key] as Record<string, unknown> | null | undefined) });
  const fault =
    lengthFault("RunDto.DisplayName/Length", String(sent["displayName"] ?? "")) ??
    lengthFault("RunDto.Description/Length", String(sent["description"] ?? "")) ??
    entriesFault("RunDto.Tags", {}, entries("tags")) ??
    entriesFault("RunDto.Properties", {}, entries("properties"));
  if (fault !== undefined) throw invalid(fault);
}

function requireFields(properties: Record<string, unknown>, keys: readonly string[]): void {
  const missed = keys.find(
    (key) => properties[key] === undefined || properties[key] === null || properties[key] === "",
  );
  if (missed !== undefined) throw invalid(`The field ${missed} is required.`);
}

/** The name becomes part of blob names and URLs. */
function refuseBadName(name: string): void {
  if (!/^[A-Za-z0-9][\w.-]{0,254}$/.test(name)) throw invalid(`The job name '${name}' is invalid.`);
}

function refuseBadInputs(world: AzureWorld, properties: Record<string, unknown>): void {
  const inputs = (properties["inputs"] ?? {}) as Record<string, JobInput>;
  for (const [inputName, input] of Object.entries(inputs)) refuseMissingInput(world, inputName, input);
}

/** A trial is a command whose placeholders may also name what is searched. */
function refuseBadSweep(world: AzureWorld, properties: Record<string, unknown>): void {
  requireFields(properties, ["trial", "searchSpace", "samplingAlgorithm", "objective"]);
  const searched = Object.keys(properties["searchSpace"] as object).map((key) => [
    key,
    { jobInputType: "literal", value: "0" },
  ]);
  refuseBadCommand(world, "trial", {
    ...(properties["trial"] as object),
    jobType: "Command",
    computeId: properties["computeId"],
    inputs: { ...((properties["inputs"] ?? {}) as object), ...Object.fromEntries(searched) },
    outputs: properties["outputs"],
  });
}

/**
 * Refuses a command job that lacks what it must have, or names a compute, environment, code, data asset or model that does not
 * exist. A datastore reference that leads nowhere is taken: the job fails later (docs/facts/azureml-wire.md#16).
 * @throws ArmError 400 or 404
 */
function refuseBadCommand(world: AzureWorld, name: string, properties: Record<string, unknown>): void {
  refuseBadName(name);
  requireCommand(properties);
  const body = properties;
  refuseUndeclared(body);
  if (body.limits?.timeout && durationMilliseconds(body.limits.timeout) === undefined) {
    throw invalid(`limits.timeout '${body.limits.timeout}' is no ISO 8601 duration.`);
  }
  refuseMissingCompute(world, body.computeId);
  // An import of data runs in no environment, and names one without a version.
  if (!isImport(body)) refuseMissingEnvironment(world, body.environmentId);
  if (body.codeId) {
    const code = parseReference(body.codeId, "codes");
    if (code.kind !== "asset" || code.type !== "codes") throw invalid(`codeId '${body.codeId}' is no code version.`);
    if (!world.assets.codes.version(code.name, code.version))
      throw missing(`Code version ${code.name}:${code.version} not found.`);
  }
  for (const [inputName, input] of Object.entries(body.inputs ?? {})) refuseMissingInput(world, inputName, input);
}

function requireCommand(properties: Record<string, unknown>): asserts properties is CommandBody {
  for (const key of ["jobType", "command", "environmentId"])
    if (typeof properties[key] !== "string" || properties[key] === "") throw invalid(`The field ${key} is required.`);
}

function refuseUndeclared(body: CommandBody): void {
  const declared = { inputs: Object.keys(body.inputs ?? {}), outputs: Object.keys(body.outputs ?? {}) };
  const unknown = undeclaredPlaceholders(body.command, declared);
  if (unknown.length > 0)
    throw invalid(
      `The command names ${unknown.map((one) => `\${{${one}}}`).join(", ")}, which the job does not declare.`,
    );
}

function refuseMissingCompute(world: AzureWorld, computeId: string | null | undefined): void {
  if (computeId === undefined || computeId === null || computeId === "") return; // serverless
  const name = /\/computes\/([^/]+)$/i.exec(computeId)?.[1];
  if (name === undefined) throw invalid(`computeId '${computeId}' is no compute of this workspace.`);

  if (!computeExists(world, name)) throw missing(`Unknown compute target '${name}'.`, "ComputeNotFound");
}

function refuseMissingEnvironment(world: AzureWorld, environmentId: string): void {
  // Curated environments, by short name or in a registry, are not looked up (docs/facts/azureml-wire.md#7).
  const reference = parseReference(environmentId, "environments");
  if (reference.kind === "registry" || /^azureml:AzureML-/i.test(environmentId)) return;
  if (reference.kind !== "asset" && reference.kind !== "latest")
    throw invalid(`environmentId '${environmentId}' is no environment.`);
  const store = world.assets.environments;
  const found =
    reference.kind === "asset" ? store.version(reference.name, reference.version) : store.latest(reference.name);
  if (found) return;
  const version = reference.kind === "asset" ? reference.version : "";
  const label = reference.kind === "latest" ? reference.label : "";
  throw missing(
    `No environment exists for name: ${reference.name}, version: ${version}, label: ${label}`,
    "NotFoundError",
  );
}

function refuseMissingInput(world: AzureWorld, inputName: string, input: JobInput): void {
  if (input.jobInputType === "literal") {
    if (typeof input.value !== "string") throw invalid(`The value of input '${inputName}' must be a string.`);
    // Reported in Azure/azure-sdk-for-python#41834.
    if (input.value === "") throw invalid("Request is invalid and/or missing fields. The Value field is required.");
    return;
  }
  if (typeof input.uri !== "string" || input.uri === "") throw invalid(`Input '${inputName}' has no uri.`);
  const reference = parseReference(input.uri, /_model$/.test(input.jobInputType) ? "models" : "data");
  if (reference.kind === "unknown") throw invalid(`The uri '${input.uri}' of input '${inputName}' is not valid.`);
  if (reference.kind !== "asset") return;
  if (world.assets[reference.type].version(reference.name, reference.version)) return;
  const words = reference.type === "data" ? "Data" : "Model";
  const format = reference.type === "data" ? " (dataContainerName:version)" : "";
  throw missing(`${words} version ${reference.name}:${reference.version}${format} not found.`, "NotFoundError");
}

function invalid(message: string): ArmError {
  return new ArmError(400, "UserError", message, ["BadArgument", "ArgumentInvalid"]);
}

function missing(message: string, inner = "NotFoundError"): ArmError {
  return new ArmError(404, "UserError", message, [inner]);
}
