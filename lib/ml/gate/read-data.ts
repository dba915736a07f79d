// The data that a run really read: its inputs as run history has them, else as the job's own document binds them.
// Tests: test/bundle/same-data.test.ts

import { parseArmId } from "../../azure/index.ts";
import { isObject } from "../../plain-objects.ts";
import { cut } from "../../remote-text.ts";
import { findJob, type Job } from "../jobs/jobs.ts";
import { RunTree, reusedRun } from "../jobs/run-tree.ts";
import { type ChildRun, outputPlaces, resolvedUris } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** One input with data. */
export interface ReadInput {
  readonly input: string;
  /** For people: `house-test:3`, or a path in a datastore. */
  readonly name: string;
  readonly uri: string;
  /** Equal ids are the same version of the same asset. */
  readonly id?: string;
}

export interface ReadData {
  readonly runId: string;
  readonly inputs: readonly ReadInput[];
  /** Milliseconds since the epoch; absent where history does not say. */
  readonly started?: number;
}

/** Runs that are asked, from a run to what it is a part of. */
const LEVELS = 5;
const LONGEST = 256;

/**
 * Data that a run read. One round trip; up to three more where history has no inputs of it: those of the run that it reused, of the sweep or
 * AutoML job that it is a trial of, or of the step that its pipeline's document describes. That history has the inputs of steps is not
 * verified against live Azure.
 */
export async function dataReadBy(workspace: Workspace, runId: string, level = 0): Promise<ReadData> {
  const tree = new RunTree(workspace);
  const run = await tree.run(runId);
  const started = Date.parse(run?.startTimeUtc ?? "");
  const time = Number.isFinite(started) ? { started } : {};
  const listed = inputsOfRun(run);
  if (listed.length > 0) return { runId, ...time, inputs: await named(workspace, listed) };
  const above = run?.parentRunId;
  const reused = run && reusedRun(run);
  if (level < LEVELS && reused !== undefined) return dataReadBy(workspace, reused, level + 1);
  if (!above) return { runId, ...time, inputs: await named(workspace, inputsOfJob(await findJob(workspace, runId))) };
  const parent = await tree.run(above);
  if (level < LEVELS && parent !== undefined && !isPipeline(parent)) {
    const { inputs } = await dataReadBy(workspace, above, level + 1);
    return { runId, ...time, inputs };
  }
  const job = await findJob(workspace, above);
  return { runId, ...time, inputs: await named(workspace, await boundInputs(workspace, tree, job, above, run)) };
}

type Uris = [input: string, uri: string][];

const isPipeline = ({ runType, properties }: ChildRun): boolean =>
  runType === "azureml.PipelineRun" || properties?.["azureml.runsource"] === "azureml.PipelineRun";

/** A model is what is measured, and no data that it is measured on. */
const isData = (uri: unknown, type: unknown): uri is string =>
  typeof uri === "string" && uri !== "" && !/model$/i.test(String(type ?? "")) && !/\/models\//i.test(uri);

function inputsOfRun(run: ChildRun | undefined): Uris {
  return Object.entries(run?.inputs ?? {}).flatMap(([input, value]): Uris => {
    const { assetId, type } = value ?? {};
    return isData(assetId, type) ? [[input, assetId]] : [];
  });
}

function inputsOfJob(job: Job | undefined): Uris {
  const own = isObject(job?.properties?.["inputs"]) ? job.properties["inputs"] : {};
  const details = isObject(job?.properties?.["taskDetails"]) ? job.properties["taskDetails"] : {};
  const ofAutoML = {
    training_data: details["trainingData"],
    validation_data: details["validationData"],
    test_data: details["testData"],
  };
  return Object.entries({ ...own, ...ofAutoML }).flatMap(([input, value]): Uris => {
    const { uri, jobInputType } = isObject(value) ? value : {};
    return isData(uri, jobInputType) ? [[input, uri]] : [];
  });
}

/** The inputs of a step as its pipeline's document binds them: to the pipeline's inputs, and to outputs of other steps. */
async function boundInputs(
  workspace: Workspace,
  tree: RunTree,
  pipeline: Job | undefined,
  pipelineRun: string,
  step: ChildRun | undefined,
): Promise<Uris> {
  const nodes = isObject(pipeline?.properties?.["jobs"]) ? pipeline.properties["jobs"] : {};
  const node = Object.entries(nodes).find(
    ([key, value]) => key === step?.displayName || (isObject(value) && value["display_name"] === step?.displayName),
  )?.[1];
  const given = isObject(node) && isObject(node["inputs"]) ? node["inputs"] : {};
  const own = new Map(inputsOfJob(pipeline));
  const bound = Object.entries(given).map(async ([input, value]): Promise<Uris> => {
    const { uri, value: text, job_input_type: type } = isObject(value) ? value : {};
    if (isData(uri, type)) return [[input, uri]];
    const [, ofPipeline] = /^\$\{\{\s*parent\.inputs\.([^\s.}]+)\s*\}\}$/.exec(String(text ?? "")) ?? [];
    const whole = ofPipeline === undefined ? undefined : own.get(ofPipeline);
    if (whole !== undefined) return [[input, whole]];
    const [, other, output] =
      /^\$\{\{\s*parent\.jobs\.([^\s.}]+)\.outputs\.([^\s.}]+)\s*\}\}$/.exec(String(text ?? "")) ?? [];
    if (other === undefined || output === undefined) return [];
    const siblings = (await tree.children({ run: { runId: pipelineRun }, path: "" })) ?? [];
    const run = siblings.find(({ path }) => path === other)?.run;
    const place = run && (await outputPlaces(workspace, reusedRun(run) ?? run.runId, [output]))[output];
    return isData(place, undefined) ? [[input, place]] : [];
  });
  return (await Promise.all(bound)).flat();
}

/** A path that a job was given becomes an asset of that run's own, whose name says nothing (docs/facts/azureml-wire.md#11.2). */
const ANONYMOUS = /\/data\/azureml_[^/]+_(?:input|output)_data_[^/]+\/versions\//i;

async function named(workspace: Workspace, uris: Uris): Promise<ReadInput[]> {
  const anonymous = uris.filter(([, uri]) => ANONYMOUS.test(uri)).map(([, uri]) => uri);
  const places =
    anonymous.length === 0 ? {} : await resolvedUris(workspace, anonymous, "look where inputs of a job lie");
  return uris.map(([input, asked]) => {
    const uri = places[asked] ?? asked;
    const id = idOf(workspace, uri);
    return { input, uri, name: cut(shown(uri), LONGEST), ...(id === undefined ? {} : { id }) };
  });
}

const VERSION = /\/data\/([^/]+)\/versions\/([^/]+)\/?$/i;

/** The home of a version and the version, the same for the same; undefined for what is none. */
function idOf(workspace: Workspace, uri: string): string | undefined {
  if (ANONYMOUS.test(uri)) return undefined;
  const short = /^azureml:([^:/@]+):([^:/@]+)$/.exec(uri);
  if (short) return `${workspace.id.toLowerCase()} ${short[1]}:${short[2]}`;
  const [, name, version] = VERSION.exec(uri) ?? [];
  if (name === undefined || version === undefined) return undefined;
  const registry = /^azureml:\/\/registries\/([^/]+)\//i.exec(uri)?.[1];
  const guid = /\/locations\/[^/]+\/workspaces\/([^/]+)\//i.exec(uri)?.[1];
  const arm = parseArmId(uri);
  const home = registry ?? guid ?? (arm && `${arm.subscriptionId}/${arm.resourceGroup}/${arm.workspace}`);
  return home && `${home.toLowerCase()} ${name}:${version}`;
}

function shown(uri: string): string {
  const registry = /^azureml:\/\/registries\/([^/]+)\//i.exec(uri)?.[1];
  const [, name, version] = VERSION.exec(uri) ?? [];
  if (name !== undefined && version !== undefined) return `${registry ? `${registry}/` : ""}${name}:${version}`;
  const [, datastore, path] = /\/?datastores\/([^/]+)\/(?:paths\/)?(.+)$/i.exec(uri) ?? [];
  if (datastore && path) return `${datastore}/${path.replace(/\/+$/, "")}`;
  // An address with a query may hold a signature.
  return uri.replace(/^azureml:(?!\/\/)/, "").replace(/[?#].*$/s, "");
}
